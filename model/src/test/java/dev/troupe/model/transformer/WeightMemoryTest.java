package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a part of a model is said to need, beside what it allocates: as weights are served, and in how many parts. */
class WeightMemoryTest {
    private static final String OWNER = "weight-memory-test";

    private static ModelConfig model(boolean tied) {
        return new ModelConfig(
                "llama",
                1024,
                256,
                4,
                8,
                4,
                32,
                768,
                64,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                tied,
                false,
                0);
    }

    @ParameterizedTest
    @CsvSource({
        "F32, EXACT, EXACT, true",
        "BF16, EXACT, EXACT, false",
        "Q8_0, EXACT, EXACT, true",
        "Q8_0, AUTO, BLOCKS, true",
        "Q4_0, AUTO, BLOCKS, false",
        "Q4_K, AUTO, BLOCKS, true",
        "Q6_K, AUTO, BLOCKS, true",
        "F32, INT8, INT8, true",
        "Q4_0, INT8, INT8, false",
        "Q4_0, INT8_COPY, INT8, true",
        "Q8_0, INT8, EXACT, true",
        "Q4_0, INT8, EXACT, true"
    })
    void isWhatIsAllocated(StorageType type, Prefill prefill, Decode decode, boolean tied) {
        InferenceSettings settings = new InferenceSettings(type, prefill, decode);
        ModelConfig config = model(tied);
        try (TensorArena source = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), source);
            weights.initialize(3);
            Kernels kernels = KernelProviders.select("vector").create(pool);
            InferenceOptions options = settings.options(kernels, pool);
            List<ModelPart> parts = List.of(
                    ModelPart.of(config, 0, 1, 0, 1),
                    ModelPart.of(config, 0, 2, 0, 1),
                    ModelPart.of(config, 1, 2, 0, 1),
                    ModelPart.of(config, 0, 1, 0, 2),
                    ModelPart.of(config, 0, 1, 1, 2));
            for (ModelPart part : parts) {
                assertAllocated(part, weights, kernels, options, settings, type);
            }
        }
    }

    private static void assertAllocated(
            ModelPart part,
            Parameters weights,
            Kernels kernels,
            InferenceOptions options,
            InferenceSettings settings,
            StorageType type) {
        try (TensorArena arena = TensorArena.open(OWNER)) {
            InferenceWeights.of(part, layer -> weights, kernels, options, 1, arena);
            long cache = part.cacheBlockBytes(settings.cache());
            // Weights that are not in a file have their token table copied, as a matrix is.
            int dim = part.config().dim();
            long row = part.range().hasEmbedding() ? type.bytes(dim) : 0;
            assertThat(WeightMemory.bytes(List.of(part), name -> StorageType.F32, settings, Precision.FP32))
                    .as(part.toString())
                    .isCloseTo(
                            NativeMemory.bytes(OWNER) - cache - part.config().vocabSize() * row, withinPercentage(4));
        }
        assertThat(NativeMemory.bytes(OWNER)).isZero();
    }
}
