package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Elements of every parameter's gradient against central differences of the float64 {@link ReferenceModel}. */
class GradientTest {
    private static final int BATCH = 2;
    private static final int TIME = 7;
    private static final int MOST_CHECKED = 31; // elements of a parameter, spread over it
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-3; // relative

    static Stream<Arguments> backendsAndModels() {
        return TestModels.float32Backends().stream()
                .flatMap(backend -> TestModels.all().stream().map(config -> Arguments.of(backend, config)));
    }

    @ParameterizedTest
    @MethodSource("backendsAndModels")
    void equalsCentralDifferences(String backend, ModelConfig config) {
        long seed = 11;
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select(backend).create(pool);
            Parameters weights = TestModels.randomWeights(config, seed, arena);
            Parameters gradients = Parameters.allocate(weights.layout(), arena);
            int[] inputs = TestModels.randomTokens(config, BATCH * TIME, seed);
            int[] targets = TestModels.randomTokens(config, BATCH * TIME, seed + 1);
            targets[3] = -1;
            double loss;
            try (TrainingStage stage =
                    new TrainingStage(config, StageRange.whole(config), kernels, weights, gradients, BATCH, TIME)) {
                loss = stage.forwardBackward(inputs, targets, 1, 0);
            }

            double[] exact = new double[(int) weights.flat().size()];
            for (int i = 0; i < exact.length; i++) {
                exact[i] = weights.flat().get(i);
            }
            ReferenceModel reference = new ReferenceModel(config, exact);
            assertThat(loss).isCloseTo(reference.loss(inputs, targets, TIME), within(1e-5));
            for (ParameterSpec spec : weights.layout().specs()) {
                double largest = 0;
                double worst = 0;
                int stride = Math.ceilDiv((int) spec.size(), MOST_CHECKED);
                for (int i = (int) spec.offset(); i < spec.end(); i += stride) {
                    double numeric = derivative(reference, exact, i, inputs, targets);
                    double error = Math.abs(numeric - gradients.flat().get(i));
                    largest = Math.max(largest, Math.abs(numeric));
                    worst = Math.max(worst, error - 1e-6 - TOLERANCE * Math.abs(numeric));
                }
                assertThat(worst)
                        .as("%s, %s, seed %d", spec.name(), backend, seed)
                        .isLessThanOrEqualTo(0);
                assertThat(largest).as("%s has a gradient", spec.name()).isGreaterThan(1e-5);
            }
        }
    }

    private static double derivative(ReferenceModel reference, double[] weights, int i, int[] inputs, int[] targets) {
        double saved = weights[i];
        weights[i] = saved + STEP;
        double above = reference.loss(inputs, targets, TIME);
        weights[i] = saved - STEP;
        double below = reference.loss(inputs, targets, TIME);
        weights[i] = saved;
        return (above - below) / (2 * STEP);
    }

    /** Dropout: the directional derivative along the gradient, of the same masks. */
    @Test
    void holdsUnderDropout() {
        ModelConfig config = TestModels.gpt2(0.3f);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = KernelProviders.select("scalar").create(pool);
            Parameters weights = TestModels.randomWeights(config, 3, arena);
            Parameters gradients = Parameters.allocate(weights.layout(), arena);
            Parameters unused = Parameters.allocate(weights.layout(), arena);
            int[] inputs = TestModels.randomTokens(config, BATCH * TIME, 3);
            int[] targets = TestModels.randomTokens(config, BATCH * TIME, 4);
            try (TrainingStage stage = new TrainingStage(
                            config, StageRange.whole(config), kernels, weights, gradients, BATCH, TIME);
                    TrainingStage probe = new TrainingStage(
                            config, StageRange.whole(config), kernels, weights, unused, BATCH, TIME)) {
                double loss = stage.forwardBackward(inputs, targets, 1, 99);
                assertThat(probe.forwardBackward(inputs, targets, 1, 99)).isEqualTo(loss);
                assertThat(probe.forwardBackward(inputs, targets, 1, 98)).isNotEqualTo(loss);
                double norm = Math.sqrt(
                        kernels.elementwise().sumOfSquares(0, gradients.flat().size(), gradients.flat()));
                double step = 1e-3;
                double difference = lossAlong(probe, weights, gradients, step / norm, inputs, targets)
                        - lossAlong(probe, weights, gradients, -step / norm, inputs, targets);
                assertThat(difference / (2 * step) / norm).isCloseTo(1, within(1e-3));
            }
        }
    }

    private static double lossAlong(
            TrainingStage probe, Parameters weights, Parameters direction, double step, int[] inputs, int[] targets) {
        float[] saved = weights.flat().toArray();
        for (int i = 0; i < saved.length; i++) {
            weights.flat().set(i, (float) (saved[i] + step * direction.flat().get(i)));
        }
        double loss = probe.forwardBackward(inputs, targets, 1, 99);
        for (int i = 0; i < saved.length; i++) {
            weights.flat().set(i, saved[i]);
        }
        return loss;
    }
}
