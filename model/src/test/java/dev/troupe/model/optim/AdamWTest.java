package dev.troupe.model.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.TestModels;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdamWTest {
    private static final double[] GRADIENTS = {.1, -.2, .3, .3, -.1};

    static Stream<String> backends() {
        return TestModels.float32Backends().stream();
    }

    /** PyTorch's formula in float64, p = 1, from ../shared/REFERENCES.md. */
    static Stream<Arguments> golden() {
        return backends()
                .flatMap(backend -> Stream.of(
                        Arguments.of(backend, new AdamWOptions(.01, 0, .9, .95, 1e-8, .1, 0, 0, 0), new double[] {
                            0.9890000010, 0.9916447403, 0.9872690231, 0.9805416540, 0.9758685676
                        }),
                        Arguments.of(backend, new AdamWOptions(1e-3, 0, .9, .999, 1e-8, .01, 0, 0, 0), new double[] {
                            0.9989900001, 0.9993461137, 0.9989928792, 0.9983999118, 0.9980190199
                        })));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void followsTheGoldenPath(String backend, AdamWOptions options, double[] expected) {
        ModelConfig config = TestModels.gpt2(0);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select(backend).create(pool);
            ParameterLayout layout = ParameterLayout.of(config);
            Parameters weights = Parameters.allocate(layout, arena);
            Parameters gradients = Parameters.allocate(layout, arena);
            fill(weights, 1);
            OptimizerState state = OptimizerState.allocate(0, layout.size(), arena);
            AdamW adamW = new AdamW(options, kernels, layout);
            for (int step = 0; step < expected.length; step++) {
                fill(gradients, GRADIENTS[step] * 4);
                adamW.step(state, weights, gradients, options.learningRate(), 0.25);
                for (ParameterSpec spec : layout.specs()) {
                    if (spec.decay()) {
                        assertThat(weights.flat().get(spec.end() - 1))
                                .as("step %d of %s", step, spec.name())
                                .isCloseTo((float) expected[step], within(2e-7f));
                    }
                }
            }
            assertThat(state.step()).isEqualTo(expected.length);
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void shardsTakeTheStepOfTheWhole(String backend) {
        ModelConfig config = TestModels.gpt2(0);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select(backend).create(pool);
            Parameters whole = TestModels.randomWeights(config, 1, arena);
            Parameters sharded = TestModels.randomWeights(config, 1, arena);
            Parameters gradients = TestModels.randomWeights(config, 2, arena);
            ParameterLayout layout = whole.layout();
            AdamW adamW = new AdamW(AdamWOptions.gpt3(.01, 0, 10), kernels, layout);
            OptimizerState all = OptimizerState.allocate(0, layout.size(), arena);
            long cut = layout.spec("h.0.attn.c_proj.weight").offset() + 5;
            OptimizerState low = OptimizerState.allocate(0, cut, arena);
            OptimizerState high = OptimizerState.allocate(cut, layout.size(), arena);
            for (int step = 0; step < 3; step++) {
                adamW.step(all, whole, gradients, .01, 1);
                adamW.step(low, sharded, gradients, .01, 1);
                adamW.step(high, sharded, gradients, .01, 1);
            }
            assertThat(sharded.flat().toArray()).isEqualTo(whole.flat().toArray());
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void leavesNormsAndBiasesUndecayedAndClips(String backend) {
        ModelConfig config = TestModels.gpt2(0);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = KernelProviders.select(backend).create(pool);
            ParameterLayout layout = ParameterLayout.of(config);
            Parameters weights = Parameters.allocate(layout, arena);
            Parameters gradients = Parameters.allocate(layout, arena);
            fill(weights, 1);
            AdamW adamW = new AdamW(AdamWOptions.gpt3(.01, 0, 10), kernels, layout);
            adamW.step(OptimizerState.allocate(0, layout.size(), arena), weights, gradients, .01, 1);
            for (ParameterSpec spec : layout.specs()) {
                float expected = spec.decay() ? 0.999f : 1; // the gradient is 0: only decay moves a weight
                assertThat(weights.get(spec.name()).toArray()).as(spec.name()).containsOnly(expected);
            }
            fill(gradients, 2);
            double norm = Math.sqrt(adamW.sumOfSquares(0, layout.size(), gradients));
            assertThat(norm).isCloseTo(2 * Math.sqrt((double) layout.size()), within(1e-6));
            assertThat(adamW.clipScale(norm) * norm).isCloseTo(1, within(1e-6));
            assertThat(adamW.clipScale(0.5)).isEqualTo(1);
        }
    }

    private static void fill(Parameters parameters, double value) {
        for (long i = 0; i < parameters.flat().size(); i++) {
            parameters.flat().set(i, (float) value);
        }
    }

    /** nanoGPT's rule, from ../shared/REFERENCES.md. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1999, 2000, 301000, 600000, 700000})
    void scheduleIsNanoGpts(long iteration) {
        var schedule = new LearningRateSchedule(new AdamWOptions(6e-4, 6e-5, .9, .95, 1e-8, .1, 1, 2000, 600000));
        double expected = switch ((int) iteration) {
            case 0 -> 2.998500749625187e-07;
            case 1999 -> 5.997001499250374e-04;
            case 2000 -> 6e-4;
            case 301000 -> 3.3e-4;
            default -> 6e-5;
        };
        assertThat(schedule.at(iteration)).isCloseTo(expected, within(1e-17));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN})
    void refusesBadRates(double rate) {
        assertThatThrownBy(() -> AdamWOptions.gpt3(rate, 0, 1)).hasMessageContaining("optimizer.learningRate");
    }
}
