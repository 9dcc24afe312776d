package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which settings go together, what they come to for a model, and what they ask of kernels. */
class InferenceSettingsTest {
    private static final ModelConfig CONFIG = TestModels.blocks(97);

    /** An embedding of as many weights as are many, but for a row. */
    private static final int VOCABULARY = (int) (InferenceSettings.MANY_WEIGHTS / CONFIG.dim());

    @ParameterizedTest
    @CsvSource({
        "AUTO, AUTO, AUTO, AUTO, false",
        "AUTO, EXACT, EXACT, EXACT, false",
        "AUTO, BLOCKS, AUTO, BLOCKS, false",
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
    void promptsGoWithAnswersOverOneLayout(Prefill prefill) {
        for (Decode decode : List.of(Decode.INT8, Decode.BLOCKS)) {
            assertThatThrownBy(() -> new InferenceSettings(null, prefill, decode))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("decode = " + decode.configName())
                    .hasMessageContaining("not " + prefill.configName());
        }
    }

    /** By weights alone where the processor computes in float32. */
    @Test
    void manyWeightsStayInTheirBlocks() {
        InferenceSettings auto = new InferenceSettings(StorageType.Q8_0, Prefill.AUTO, Decode.AUTO);
        ModelConfig large = TestModels.blocks(VOCABULARY);
        assertThat(auto.decided(large, Precision.FP32, false).decode()).isEqualTo(Decode.BLOCKS);
        assertThat(auto.decided(large, Precision.FP32, true).decode()).isEqualTo(Decode.EXACT);
        assertThat(auto.decided(large, Precision.BF16, false).decode()).isEqualTo(Decode.EXACT);
        assertThat(auto.decided(TestModels.blocks(VOCABULARY / 4), Precision.FP32, false)
                        .decode())
                .isEqualTo(Decode.EXACT);
        InferenceSettings exact = new InferenceSettings(StorageType.Q8_0, Prefill.AUTO, Decode.EXACT);
        assertThat(exact.decided(large, Precision.FP32, false)).isEqualTo(exact);
    }

    private static Set<KernelUse> uses(Decode decode, StorageType type, boolean onDevice) {
        InferenceSettings settings = new InferenceSettings(type, Prefill.AUTO, decode);
        try (TensorArena arena = TensorArena.open("test")) {
            return settings.uses(CONFIG, TestModels.randomWeights(CONFIG, 1, arena), Precision.FP32, onDevice);
        }
    }

    /** What nobody asks for is not checked. */
    @Test
    void productsWithBlocksAreAskedForWhereBlocksAreKept() {
        assertThat(uses(Decode.BLOCKS, StorageType.Q8_0, false))
                .contains(KernelUse.BLOCK_PRODUCTS, KernelUse.INFERENCE)
                .doesNotContain(KernelUse.Q8_0_WEIGHTS, KernelUse.INT8_PRODUCTS);
        assertThat(uses(Decode.BLOCKS, StorageType.F16, false)).contains(KernelUse.F16_WEIGHTS);
        assertThat(uses(Decode.AUTO, StorageType.Q8_0, true))
                .contains(KernelUse.Q8_0_WEIGHTS)
                .doesNotContain(KernelUse.BLOCK_PRODUCTS);
        assertThat(uses(Decode.INT8, StorageType.Q4_0, false))
                .contains(KernelUse.BLOCK_PRODUCTS, KernelUse.INT8_PRODUCTS)
                .doesNotContain(KernelUse.Q4_0_WEIGHTS);
    }
}
