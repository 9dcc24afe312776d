package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which settings go together, what they come to for a model, and what they ask of kernels. */
class InferenceSettingsTest {
    private static final ModelConfig CONFIG = TestModels.blocks(97);

    /** With so many tokens an embedding of 64 numbers each is as many weights as are many. */
    private static final int VOCABULARY = (int) (InferenceSettings.MANY_WEIGHTS / 64);

    private final FixedComputePool pool = FixedComputePool.create(1);

    @AfterEach
    void close() {
        pool.close();
    }

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

    private Decode decided(InferenceSettings settings, ModelConfig config, Precision precision) {
        Kernels kernels = KernelProviders.select("vector", precision).create(pool);
        return settings.decided(config, _ -> StorageType.F32, kernels).decode();
    }

    private Decode decided(@Nullable StorageType weights, Decode decode, ModelConfig config) {
        return decided(new InferenceSettings(weights, Prefill.AUTO, decode), config, Precision.FP32);
    }

    /** By weights alone where the processor computes in float32. */
    @Test
    void manyWeightsStayInTheirBlocks() {
        ModelConfig large = learned(VOCABULARY, 8);
        assertThat(decided(StorageType.Q8_0, Decode.AUTO, large)).isEqualTo(Decode.BLOCKS);
        assertThat(decided(StorageType.Q8_0, Decode.AUTO, CONFIG)).isEqualTo(Decode.EXACT);
        assertThat(decided(StorageType.Q8_0, Decode.EXACT, large)).isEqualTo(Decode.EXACT);
        assertThat(decided(StorageType.Q8_0, Decode.INT8, large)).isEqualTo(Decode.INT8);
        InferenceSettings auto = new InferenceSettings(StorageType.Q8_0, Prefill.AUTO, Decode.AUTO);
        assertThat(decided(auto, large, Precision.BF16)).isEqualTo(Decode.EXACT);
    }

    /** So that two ways with the same bits have one name, and nothing is checked that nobody asks for. */
    @Test
    void whereNothingIsInBlocksAllIsExact() {
        ModelConfig large = learned(VOCABULARY, 8);
        assertThat(decided(StorageType.F16, Decode.AUTO, large)).isEqualTo(Decode.EXACT);
        assertThat(decided(null, Decode.AUTO, large)).as("stored as float32").isEqualTo(Decode.EXACT);
        assertThat(decided(null, Decode.BLOCKS, large)).isEqualTo(Decode.EXACT);
        assertThat(decided(StorageType.Q4_0, Decode.BLOCKS, CONFIG)).isEqualTo(Decode.BLOCKS);
    }

    private static ModelConfig learned(int vocabSize, int contextLength) {
        return new ModelConfig(
                "gpt2",
                vocabSize,
                64,
                1,
                4,
                4,
                16,
                128,
                contextLength,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                0,
                true,
                true,
                0);
    }

    /** A node may serve a shorter context than the file's, with as many positions fewer. */
    @ParameterizedTest
    @ValueSource(ints = {1, 100_000})
    void theContextDecidesNothing(int contextLength) {
        long others = ParameterLayout.of(learned(1, 1)).size() - 2L * 64;
        int least = (int) Math.ceilDiv(InferenceSettings.MANY_WEIGHTS - others, 64L);
        assertThat(decided(StorageType.Q8_0, Decode.AUTO, learned(least - 1, contextLength)))
                .isEqualTo(Decode.EXACT);
        assertThat(decided(StorageType.Q8_0, Decode.AUTO, learned(least, contextLength)))
                .isEqualTo(Decode.BLOCKS);
    }

    @Test
    void productsWithBlocksAreThoseOfTypesInBlocks() {
        Kernels kernels = KernelProviders.select("vector").create(pool);
        InferenceSettings settings = new InferenceSettings(StorageType.Q8_0, Prefill.AUTO, Decode.AUTO);
        InferenceOptions large = settings.decided(learned(VOCABULARY, 8), _ -> StorageType.F32, kernels)
                .options(kernels, pool);
        assertThat(large.rounded(StorageType.Q8_0)).isNotNull();
        assertThat(large.rounded(StorageType.F16)).isNull();
        assertThat(large.promptsApart()).isFalse();
        InferenceOptions small =
                settings.decided(CONFIG, _ -> StorageType.F32, kernels).options(kernels, pool);
        assertThat(small.rounded(StorageType.Q8_0)).isNull();
        assertThatIllegalStateException().isThrownBy(() -> settings.options(kernels, pool));
    }

    private static Set<KernelUse> uses(Decode decode, StorageType type) {
        return new InferenceSettings(type, Prefill.AUTO, decode).uses(CONFIG, _ -> StorageType.F32, Precision.FP32);
    }

    @Test
    void whatNobodyAsksForIsNotChecked() {
        assertThat(uses(Decode.BLOCKS, StorageType.Q8_0))
                .contains(KernelUse.Q8_0_BLOCKS, KernelUse.INFERENCE)
                .doesNotContain(KernelUse.Q8_0_WEIGHTS, KernelUse.INT8_PRODUCTS, KernelUse.Q4_K_BLOCKS);
        assertThat(uses(Decode.EXACT, StorageType.Q8_0))
                .contains(KernelUse.Q8_0_WEIGHTS)
                .doesNotContainAnyElementsOf(KernelUse.beside());
        assertThat(uses(Decode.INT8, StorageType.Q4_0))
                .contains(KernelUse.Q4_0_BLOCKS, KernelUse.INT8_PRODUCTS)
                .doesNotContain(KernelUse.Q4_0_WEIGHTS);
        assertThat(uses(Decode.INT8, StorageType.Q8_0)).doesNotContainAnyElementsOf(KernelUse.anyBlocks());
        assertThatIllegalStateException().isThrownBy(() -> uses(Decode.AUTO, StorageType.Q8_0));
    }
}
