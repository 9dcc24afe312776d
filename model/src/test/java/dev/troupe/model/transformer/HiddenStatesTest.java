package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Final hidden states of inference are those of training after the final norm, whatever logits are asked for. */
class HiddenStatesTest {
    private static final int TIME = 11;
    private static final int SEED = 9;

    static Stream<Arguments> backendsAndModels() {
        return InferenceParityTest.backendsAndModels();
    }

    @ParameterizedTest
    @MethodSource("backendsAndModels")
    void equalTheTrainingPassBesideLogits(String backend, ModelConfig config) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            Parameters weights = TestModels.randomWeights(config, SEED, arena);
            int[] tokens = TestModels.randomTokens(config, TIME, SEED);
            float[] expected;
            try (TrainingStage stage =
                    new TrainingStage(config, StageRange.whole(config), kernels, weights, null, 1, TIME)) {
                expected = normed(kernels, config, weights, stage.forward(tokens, TIME, 0), arena);
            }
            try (InferenceModel model = InferenceModel.create(config, weights, kernels, 1, TIME)) {
                boolean[] everyThird = new boolean[TIME];
                IntStream.range(0, TIME).forEach(i -> everyThird[i] = i % 3 == 1);
                boolean[] all = new boolean[TIME];
                Arrays.fill(all, true);
                float[] plain = forward(model, tokens, everyThird, new boolean[TIME])
                        .logits()
                        .toArray();
                InferenceModel.Output both = forward(model, tokens, everyThird, all);
                assertThat(both.logits().toArray()).isEqualTo(plain);
                assertThat(both.hidden().toArray()).as("seed %d", SEED).isEqualTo(expected);
                InferenceModel.Output some = forward(model, tokens, new boolean[TIME], everyThird);
                assertThat(some.logits().dim(0)).isZero();
                assertThat(some.hidden().toArray())
                        .isEqualTo(rows(expected, everyThird, config.dim()))
                        .hasSize(4 * config.dim());
            }
        }
    }

    private static InferenceModel.Output forward(
            InferenceModel model, int[] tokens, boolean[] wantLogits, boolean[] wantHidden) {
        int[][] tables = new int[TIME][];
        Arrays.fill(tables, new int[] {0});
        int[] positions = IntStream.range(0, TIME).toArray();
        return model.forward(TIME, tokens, positions, tables, wantLogits, new boolean[TIME], wantHidden);
    }

    /** @param x [TIME, C], before the final norm */
    private static float[] normed(
            Kernels kernels, ModelConfig config, Parameters weights, Tensor x, TensorArena arena) {
        String name = ParameterNames.of(config).finalNorm();
        Tensor y = arena.allocate(TIME, config.dim());
        Tensor mean = arena.allocate(TIME);
        Tensor rstd = arena.allocate(TIME);
        Tensor weight = weights.get(name + ".weight");
        if (config.norm() == NormKind.RMS) {
            kernels.normalization().rmsForward(TIME, config.dim(), config.normEpsilon(), x, weight, y, rstd);
        } else {
            kernels.normalization()
                    .layerForward(
                            TIME,
                            config.dim(),
                            config.normEpsilon(),
                            x,
                            weight,
                            config.bias() ? weights.get(name + ".bias") : null,
                            y,
                            mean,
                            rstd);
        }
        return y.toArray();
    }

    private static float[] rows(float[] all, boolean[] wanted, int dim) {
        float[] some = new float[all.length];
        int count = 0;
        for (int row = 0; row < wanted.length; row++) {
            if (wanted[row]) {
                System.arraycopy(all, row * dim, some, count++ * dim, dim);
            }
        }
        return Arrays.copyOf(some, count * dim);
    }
}
