package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which settings go together, and what they ask of kernels. */
class InferenceSettingsTest {
    private static final ModelConfig CONFIG = TestModels.blocks(97);

    @ParameterizedTest
    @CsvSource({
        "AUTO, AUTO, AUTO, AUTO, false",
        "AUTO, EXACT, EXACT, EXACT, false",
        "AUTO, INT8, INT8, INT8, false",
        "EXACT, AUTO, EXACT, EXACT, false",
        "BF16, AUTO, BF16, EXACT, true",
        "INT8, AUTO, INT8, EXACT, true",
        "INT8_COPY, AUTO, INT8_COPY, EXACT, true",
        "INT8_COPY, INT8, INT8_COPY, INT8, true"
    })
    void whatIsNotSpokenOfFollowsWhatIs(
            Prefill prefill, Decode decode, Prefill thenPrefill, Decode thenDecode, boolean promptsApart) {
        InferenceSettings settings = new InferenceSettings(null, prefill, decode);
        assertThat(settings.prefill()).isEqualTo(thenPrefill);
        assertThat(settings.decode()).isEqualTo(thenDecode);
        assertThat(settings.promptsApart()).isEqualTo(promptsApart);
    }

    @ParameterizedTest
    @EnumSource(
            value = Prefill.class,
            names = {"EXACT", "BF16"})
    void answersInInt8WantPromptsInInt8(Prefill prefill) {
        assertThatThrownBy(() -> new InferenceSettings(null, prefill, Decode.INT8))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("not " + prefill.configName());
    }

    private static Set<KernelUse> uses(InferenceSettings settings, Precision precision, boolean onDevice) {
        try (TensorArena arena = TensorArena.open("test")) {
            return settings.uses(CONFIG, TestModels.randomWeights(CONFIG, 1, arena), precision, onDevice);
        }
    }

    /** Kernels that nobody asks are not checked; on a device, and in bf16, there are no others. */
    @Test
    void productsWithBlocksAreAskedForWhereBlocksAreKept() {
        InferenceSettings auto = InferenceSettings.auto(StorageType.Q8_0);
        assertThat(uses(auto, Precision.FP32, false))
                .contains(KernelUse.BLOCK_PRODUCTS, KernelUse.INFERENCE)
                .doesNotContain(KernelUse.Q8_0_WEIGHTS, KernelUse.INT8_PRODUCTS);
        assertThat(uses(auto, Precision.FP32, true))
                .contains(KernelUse.Q8_0_WEIGHTS)
                .doesNotContain(KernelUse.BLOCK_PRODUCTS);
        assertThat(uses(auto, Precision.BF16, false)).doesNotContain(KernelUse.BLOCK_PRODUCTS);
        assertThat(uses(InferenceSettings.auto(StorageType.F16), Precision.FP32, false))
                .contains(KernelUse.F16_WEIGHTS)
                .doesNotContain(KernelUse.BLOCK_PRODUCTS);
        assertThat(uses(new InferenceSettings(StorageType.Q4_0, Prefill.AUTO, Decode.INT8), Precision.FP32, false))
                .contains(KernelUse.BLOCK_PRODUCTS, KernelUse.INT8_PRODUCTS)
                .doesNotContain(KernelUse.Q4_0_WEIGHTS);
    }
}
