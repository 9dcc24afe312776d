package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceOptions;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a model is said to need, beside what it allocates when it is served as it is stored. */
class ModelSummaryTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    static Stream<Arguments> modelsAndTypes() {
        return Stream.of(
                Arguments.of(TestModels.qwen2(), StorageType.F32),
                Arguments.of(TestModels.gpt2(true), StorageType.F32),
                Arguments.of(TestModels.gpt2(true), StorageType.F16),
                Arguments.of(TestModels.qwen2(), StorageType.Q8_0),
                Arguments.of(TestModels.scaled(null, 24), StorageType.Q4_0), // with a head of its own
                Arguments.of(TestModels.blocks(), StorageType.BF16),
                Arguments.of(TestModels.blocks(), StorageType.Q4_K),
                Arguments.of(TestModels.blocks(), StorageType.Q6_K));
    }

    @ParameterizedTest
    @MethodSource("modelsAndTypes")
    void memoryIsWhatALoadedModelAllocates(ModelConfig config, StorageType type) {
        Path directory = temp.resolve("model");
        try (TensorArena arena = TensorArena.open("test")) {
            ModelDirectory.write(directory, config, TestModels.random(config, arena, 1), TestModels.tokenizer());
        }
        Path file = temp.resolve("model.gguf");
        ModelConverter.convert(directory, file, type);
        try (OpenModel open = ModelFiles.open(file);
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = KernelProviders.select("vector").create(pool);
            long least = allocated(open, kernels, 1, 1);
            long block = allocated(open, kernels, 2, 1) - least;
            long row = allocated(open, kernels, 1, 2) - least; // of a step: what the summary leaves out
            long angles = config.positions() == PositionKind.ROTARY
                    ? (long) config.contextLength() * config.headDim() * Float.BYTES // this, too
                    : 0;
            ModelSummary summary = ModelSummary.of(open);
            assertThat(KvBlocks.BLOCK_TOKENS * summary.kvBytesPerToken()).isEqualTo(block);
            assertThat(summary.kvBytes(config.contextLength()))
                    .isEqualTo(block * config.contextLength() / KvBlocks.BLOCK_TOKENS);
            assertThat(summary.weightBytes()).isCloseTo(least - block - row - angles, withinPercentage(2));
        }
    }

    private static long allocated(OpenModel open, Kernels kernels, int numKvBlocks, int maxRows) {
        InferenceOptions stored = new InferenceOptions(null, null, null);
        try (InferenceModel model =
                InferenceModel.create(open.config(), layer -> open.weights(), kernels, stored, numKvBlocks, maxRows)) {
            assertThat(model.numKvBlocks()).isEqualTo(numKvBlocks);
            return NativeMemory.bytes("inference");
        }
    }
}
