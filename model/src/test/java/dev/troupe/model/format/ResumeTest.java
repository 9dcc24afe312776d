package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Stopping at a checkpoint and going on in another process gives the weights of a run that was never stopped. */
class ResumeTest {
    private static final int BATCH = 2;
    private static final int TIME = 8;
    private static final int STEPS = 10;
    private static final int STOP = 4;

    @TempDir
    Path temp;

    static Stream<ModelConfig> configs() {
        return HfConfigTest.configs();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void resumedRunEndsInTheSameWeights(ModelConfig config) {
        float[] undisturbed;
        try (Run run = new Run(config)) {
            run.weights.initialize(3);
            run.train(STEPS);
            undisturbed = run.weights.flat().toArray();
        }
        Path checkpoint;
        try (Run run = new Run(config)) {
            run.weights.initialize(3);
            run.train(STOP);
            TrainingState state =
                    new TrainingState(run.optimizer.step(), new DataPosition(STOP, 3), 0, LossCurve.empty(), Map.of());
            checkpoint = new CheckpointStore(temp)
                    .write(new CheckpointContents(config, run.weights, run.optimizer, TestModels.tokenizer(), state));
        }
        try (Run run = new Run(config)) {
            TrainingState state = CheckpointStore.load(checkpoint, run.weights, run.optimizer);
            assertThat(state.position()).isEqualTo(new DataPosition(STOP, 3));
            run.train(STEPS);
            assertThat(run.weights.flat().toArray()).isEqualTo(undisturbed);
        }
    }

    /** What a process holds. */
    private static final class Run implements AutoCloseable {
        private final TensorArena arena = TensorArena.open("test");
        private final FixedComputePool pool = FixedComputePool.create(2);
        private final ModelConfig config;
        private final Parameters weights;
        private final Parameters gradients;
        private final OptimizerState optimizer;
        private final AdamW adamW;
        private final TrainingStage stage;

        Run(ModelConfig config) {
            this.config = config;
            Kernels kernels = KernelProviders.select("auto").create(pool);
            ParameterLayout layout = ParameterLayout.of(config);
            weights = Parameters.allocate(layout, arena);
            gradients = Parameters.allocate(layout, arena);
            optimizer = OptimizerState.allocate(0, layout.size(), arena);
            adamW = new AdamW(AdamWOptions.gpt3(1e-2, 1, 100), kernels, layout);
            stage = new TrainingStage(config, StageRange.whole(config), kernels, weights, gradients, BATCH, TIME);
        }

        /** Steps until {@code end}; the batch of a step is a function of its number. */
        void train(int end) {
            while (optimizer.step() < end) {
                long step = optimizer.step();
                int[] tokens = new Random(step)
                        .ints(BATCH * TIME, 0, config.vocabSize())
                        .toArray();
                gradients.flat().zero();
                stage.forwardBackward(tokens, tokens, 1, step);
                adamW.step(optimizer, weights, gradients, 1e-2, 1);
            }
        }

        @Override
        public void close() {
            stage.close();
            pool.close();
            arena.close();
        }
    }
}
