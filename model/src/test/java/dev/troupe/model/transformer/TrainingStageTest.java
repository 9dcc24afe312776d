package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

public class TrainingStageTest {
    private static final int BATCH = 4;
    private static final int TIME = 8;

    static Stream<String> backends() {
        return TestModels.backends().stream();
    }

    /** Losses of some steps of AdamW on one batch, and the weights after them. */
    private record Run(List<Double> losses, List<Float> weights) {}

    private static Run train(String backend, ModelConfig config, int threads, int steps, long seed) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(threads)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            ParameterLayout layout = ParameterLayout.of(config);
            Parameters weights = Parameters.allocate(layout, arena);
            weights.initialize(seed);
            Parameters gradients = Parameters.allocate(layout, arena);
            OptimizerState state = OptimizerState.allocate(0, layout.size(), arena);
            AdamW adamW = new AdamW(AdamWOptions.gpt3(1e-2, 0, steps), kernels, layout);
            int[] inputs = TestModels.randomTokens(config, BATCH * TIME, seed);
            int[] targets = TestModels.randomTokens(config, BATCH * TIME, seed + 1);
            for (int b = 0; b < BATCH; b++) {
                inputs[b * TIME] = b; // sequences that can be told apart from their first token
            }
            List<Double> losses = new ArrayList<>();
            try (TrainingStage stage =
                    new TrainingStage(config, StageRange.whole(config), kernels, weights, gradients, BATCH, TIME)) {
                for (int step = 0; step < steps; step++) {
                    stage.startGradients();
                    losses.add(stage.forwardBackward(inputs, targets, 1, step));
                    double norm = Math.sqrt(adamW.sumOfSquares(0, layout.size(), gradients));
                    adamW.step(state, weights, gradients, 1e-2, adamW.clipScale(norm));
                }
            }
            List<Float> ending = new ArrayList<>();
            for (float weight : weights.flat().toArray()) {
                ending.add(weight);
            }
            return new Run(losses, ending);
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void equalSeedsGiveEqualCurvesWhateverTheThreads(String backend) {
        for (ModelConfig config : List.of(TestModels.llama(true), TestModels.gpt2(0.1f), TestModels.wide())) {
            Run one = train(backend, config, 1, 20, 42);
            Run two = train(backend, config, 2, 20, 42);
            assertThat(two.losses()).isEqualTo(one.losses());
            assertThat(two.weights()).isEqualTo(one.weights());
            assertThat(train(backend, config, 2, 1, 43).losses()).doesNotContainAnyElementsOf(one.losses());
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void overfitsATinyBatch(String backend) {
        for (ModelConfig config : List.of(TestModels.llama(false), TestModels.gpt2(0))) {
            List<Double> losses = train(backend, config, 2, 300, 1).losses();
            assertThat(losses.getFirst()).isCloseTo(Math.log(config.vocabSize()), within(0.1));
            assertThat(losses.getLast()).as(config.architecture()).isLessThan(0.05);
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void twoMicroBatchesAddUpToOneBatch(String backend) {
        ModelConfig config = TestModels.gpt2(0);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            Parameters weights = TestModels.randomWeights(config, 9, arena);
            Parameters whole = Parameters.allocate(weights.layout(), arena);
            Parameters halves = Parameters.allocate(weights.layout(), arena);
            int[] inputs = TestModels.randomTokens(config, BATCH * TIME, 9);
            int[] targets = TestModels.randomTokens(config, BATCH * TIME, 10);
            int half = inputs.length / 2;
            StageRange range = StageRange.whole(config);
            try (TrainingStage full = new TrainingStage(config, range, kernels, weights, whole, BATCH, TIME);
                    TrainingStage part = new TrainingStage(config, range, kernels, weights, halves, BATCH, TIME)) {
                double loss = full.forwardBackward(inputs, targets, 1, 0);
                double first = part.forwardBackward(
                        Arrays.copyOfRange(inputs, 0, half), Arrays.copyOfRange(targets, 0, half), 0.5f, 0);
                double second = part.forwardBackward(
                        Arrays.copyOfRange(inputs, half, inputs.length),
                        Arrays.copyOfRange(targets, half, targets.length),
                        0.5f,
                        0);
                assertThat((first + second) / 2).isCloseTo(loss, within(1e-6));
                assertThat(part.evaluate(inputs, targets)).isCloseTo(loss, within(1e-6));
            }
            for (long i = 0; i < whole.flat().size(); i++) {
                assertThat(halves.flat().get(i)).isCloseTo(whole.flat().get(i), within(1e-5f));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void gradientsThatStartAreThoseOfZeroedMemory(String backend) {
        for (ModelConfig config : List.of(TestModels.llama(true), TestModels.llama(false), TestModels.gpt2(0.1f))) {
            try (TensorArena arena = TensorArena.open("test");
                    FixedComputePool pool = FixedComputePool.create(2)) {
                Kernels kernels = TestedProviders.assumed(backend).create(pool);
                Parameters weights = TestModels.randomWeights(config, 5, arena);
                Parameters zeroed = Parameters.allocate(weights.layout(), arena);
                Parameters started = Parameters.allocate(weights.layout(), arena);
                started.flat().segment().fill((byte) 0xff); // not numbers
                int[] inputs = TestModels.randomTokens(config, BATCH * TIME, 5);
                int[] targets = TestModels.randomTokens(config, BATCH * TIME, 6);
                StageRange range = StageRange.whole(config);
                try (TrainingStage one = new TrainingStage(config, range, kernels, weights, zeroed, BATCH, TIME);
                        TrainingStage two = new TrainingStage(config, range, kernels, weights, started, BATCH, TIME)) {
                    two.startGradients();
                    for (int microBatch = 0; microBatch < 2; microBatch++) {
                        one.forwardBackward(inputs, targets, 1, microBatch);
                        two.forwardBackward(inputs, targets, 1, microBatch);
                    }
                }
                for (ParameterSpec spec : weights.layout().specs()) {
                    assertThat(withoutSignOfZero(started.get(spec.name())))
                            .as(spec.name())
                            .isEqualTo(withoutSignOfZero(zeroed.get(spec.name())));
                }
            }
        }
    }

    /** Zero plus minus zero is zero. */
    private static float[] withoutSignOfZero(Tensor tensor) {
        float[] values = tensor.toArray();
        for (int i = 0; i < values.length; i++) {
            values[i] += 0f;
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("backends")
    void twoStagesInARowGiveTheBitsOfOne(String backend) {
        ModelConfig config = TestModels.wide();
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            Parameters weights = TestModels.randomWeights(config, 13, arena);
            Parameters expected = Parameters.allocate(weights.layout(), arena);
            int[] inputs = TestModels.randomTokens(config, BATCH * TIME, 13);
            int[] targets = TestModels.randomTokens(config, BATCH * TIME, 14);
            StageRange one = new StageRange(0, 2, true, false);
            StageRange two = new StageRange(2, 3, false, true);
            Parameters firstWeights = stageWeights(config, one, weights, arena);
            Parameters lastWeights = stageWeights(config, two, weights, arena);
            Parameters firstGradients = Parameters.allocate(firstWeights.layout(), arena);
            Parameters lastGradients = Parameters.allocate(lastWeights.layout(), arena);
            try (TrainingStage whole = new TrainingStage(
                            config, StageRange.whole(config), kernels, weights, expected, BATCH, TIME);
                    TrainingStage first =
                            new TrainingStage(config, one, kernels, firstWeights, firstGradients, BATCH, TIME);
                    TrainingStage last =
                            new TrainingStage(config, two, kernels, lastWeights, lastGradients, BATCH, TIME)) {
                double loss = whole.forwardBackward(inputs, targets, 0.5f, 8);
                Tensor hidden = first.forward(inputs, TIME, 8);
                assertThat(last.forwardBackward(hidden, TIME, targets, 0.5f, 8)).isEqualTo(loss);
                first.backward(last.inputGradient());
                assertThatThrownBy(first::tokenLosses).isInstanceOf(IllegalStateException.class);
            }
            for (Parameters part : List.of(firstGradients, lastGradients)) {
                for (ParameterSpec spec : part.layout().specs()) {
                    assertThat(part.get(spec.name()).toArray())
                            .as(spec.name())
                            .isEqualTo(expected.get(spec.name()).toArray());
                }
            }
        }
    }

    private static Parameters stageWeights(ModelConfig config, StageRange range, Parameters whole, TensorArena arena) {
        Parameters part = Parameters.allocate(ParameterLayout.of(config, range), arena);
        for (ParameterSpec spec : part.layout().specs()) {
            part.get(spec.name()).copyFrom(whole.get(spec.name()));
        }
        return part;
    }

    /** A vocabulary so large that the head works in chunks: the same losses as row by row. */
    @Test
    void chunksOfTheHeadDoNotChangeALoss() {
        ModelConfig big = new ModelConfig(
                "gpt2",
                1_000_000,
                4,
                1,
                1,
                1,
                4,
                4,
                64,
                ModelConfig.NormKind.LAYER,
                1e-5f,
                ModelConfig.MlpKind.GELU,
                ModelConfig.PositionKind.LEARNED,
                0,
                true,
                false,
                0);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select(KernelProviders.AUTO).create(pool);
            Parameters weights = Parameters.allocate(ParameterLayout.of(big), arena);
            weights.initialize(2);
            int[] inputs = TestModels.randomTokens(big, 40, 2);
            int[] targets = TestModels.randomTokens(big, 40, 3);
            try (TrainingStage stage = new TrainingStage(big, StageRange.whole(big), kernels, weights, null, 40, 1)) {
                stage.evaluate(inputs, targets);
                float[] losses = stage.tokenLosses().toArray();
                for (int row = 0; row < 40; row += 13) {
                    stage.evaluate(new int[] {inputs[row]}, new int[] {targets[row]});
                    assertThat(stage.tokenLosses().get(0)).isEqualTo(losses[row]);
                }
            }
        }
    }

    /** Rounded products change a loss a little, and change nothing about learning. */
    @ParameterizedTest(allowZeroInvocations = true) // a module that tests its own provider may have none
    @MethodSource("roundingBackends")
    void lossFallsAlikeWithRoundedProducts(String backend) {
        for (ModelConfig config : List.of(TestModels.llama(true), TestModels.gpt2(0))) {
            List<Double> exact = train("vector", config, 2, 30, 1).losses();
            List<Double> rounded = train(backend, config, 2, 30, 1).losses();
            assertThat(rounded).isNotEqualTo(exact);
            assertThat(rounded.getLast()).isLessThan(0.95 * rounded.getFirst());
            // Of where it begins: where it falls steeply, a fraction of a step is many hundredths of what is left.
            double bound = 0.02 * exact.getFirst();
            for (int step = 0; step < exact.size(); step++) {
                assertThat(rounded.get(step)).as("step %d", step).isCloseTo(exact.get(step), within(bound));
            }
        }
    }

    static Stream<String> roundingBackends() {
        return TestedProviders.all().stream()
                .filter(provider -> provider.precision() != Precision.FP32)
                .map(KernelProvider::label);
    }

    /** Copies of weights that layers may keep are those of the weights as they are now. */
    @ParameterizedTest
    @MethodSource("allBackends")
    void weightsThatChangeAreSeenByEveryPass(String backend) {
        ModelConfig config = TestModels.gpt2(0);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            Parameters weights = TestModels.randomWeights(config, 9, arena);
            Parameters gradients = Parameters.allocate(weights.layout(), arena);
            int[] inputs = TestModels.randomTokens(config, BATCH * TIME, 9);
            int[] targets = TestModels.randomTokens(config, BATCH * TIME, 10);
            StageRange range = StageRange.whole(config);
            Tensor kept = weights.flat();
            try (TrainingStage stage = new TrainingStage(config, range, kernels, weights, gradients, BATCH, TIME)) {
                stage.startGradients();
                double first = stage.forwardBackward(inputs, targets, 1, 0);
                assertThat(stage.forwardBackward(inputs, targets, 1, 0)).isEqualTo(first);
                change(kept, 1.5f);
                double evaluated = stage.evaluate(inputs, targets); // through a tensor from before
                assertThat(evaluated).isNotEqualTo(first).isEqualTo(lossOf(config, kernels, weights, inputs, targets));
                change(weights.flat(), 0.5f);
                double trained = stage.forwardBackward(inputs, targets, 1, 0); // without a new step
                assertThat(trained)
                        .isNotEqualTo(evaluated)
                        .isEqualTo(lossOf(config, kernels, weights, inputs, targets));
                change(kept, 1.25f);
                stage.startGradients();
                double next = stage.forwardBackward(inputs, targets, 1, 0);
                assertThat(next).isNotEqualTo(trained).isEqualTo(lossOf(config, kernels, weights, inputs, targets));
            }
        }
    }

    static Stream<String> allBackends() {
        return TestedProviders.names().stream();
    }

    private static void change(Tensor weights, float factor) {
        for (long i = 0; i < weights.size(); i++) {
            weights.set(i, weights.get(i) * factor);
        }
    }

    private static double lossOf(ModelConfig config, Kernels kernels, Parameters weights, int[] inputs, int[] targets) {
        StageRange range = StageRange.whole(config);
        try (TrainingStage fresh = new TrainingStage(config, range, kernels, weights, null, BATCH, TIME)) {
            return fresh.evaluate(inputs, targets);
        }
    }

    @Test
    void refusesWhatDoesNotFitAndFreesItsMemory() {
        ModelConfig config = TestModels.llama(true);
        long before = NativeMemory.bytes("train.activations");
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = KernelProviders.select("scalar").create(pool);
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            StageRange whole = StageRange.whole(config);
            try (TrainingStage stage = new TrainingStage(config, whole, kernels, weights, null, 1, TIME)) {
                assertThat(NativeMemory.bytes("train.activations")).isGreaterThan(before);
                int[] two = new int[2 * TIME];
                int[] one = new int[TIME];
                assertThatThrownBy(() -> stage.evaluate(two, two)).hasMessageContaining("2 x 8");
                assertThatThrownBy(() -> stage.evaluate(one, two)).hasMessageContaining("targets");
                assertThatThrownBy(() -> stage.forwardBackward(one, one, 1, 0))
                        .isInstanceOf(IllegalStateException.class);
            }
            assertThatThrownBy(() -> new TrainingStage(config, whole, kernels, weights, null, 1, 41))
                    .hasMessageContaining("40 positions");
        }
        assertThat(NativeMemory.bytes("train.activations")).isEqualTo(before);
    }
}
