package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.config.RopeScaling;
import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Small models of every kind, and random tokens for them. */
public final class TestModels {
    private TestModels() {}

    /** RoPE, RMSNorm, SwiGLU, two query heads to a key-value head; V 19, C 12. */
    public static ModelConfig llama(boolean tied) {
        return new ModelConfig(
                "llama",
                19,
                12,
                2,
                4,
                2,
                4,
                10,
                40,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                tied,
                false,
                0);
    }

    /** Learned positions, LayerNorm, GELU, biases, tied embeddings; V 19, C 12. */
    public static ModelConfig gpt2(float dropout) {
        return new ModelConfig(
                "gpt2",
                19,
                12,
                2,
                3,
                3,
                4,
                20,
                40,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                0,
                true,
                true,
                dropout);
    }

    /** Llama's names with biases, as Qwen2 has them, one key-value head, untied; V 37, C 32: whole vector registers. */
    public static ModelConfig wide() {
        return new ModelConfig(
                "llama",
                37,
                32,
                3,
                4,
                1,
                16,
                48,
                96,
                NormKind.RMS,
                1e-6f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                false,
                true,
                0);
    }

    /** Llama's {@code attention_bias} without {@code mlp_bias}; V 23, C 12. */
    public static ModelConfig attentionBiases() {
        return new ModelConfig(
                "llama",
                23,
                12,
                2,
                4,
                2,
                6,
                20,
                40,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                true,
                false,
                0,
                true,
                null,
                0,
                true);
    }

    /** Llama's shape with rows of whole blocks of 256 numbers, but for those of attention's output. */
    public static ModelConfig blocks(int vocabSize) {
        return new ModelConfig(
                "llama",
                vocabSize,
                256,
                2,
                6,
                2,
                16,
                512,
                64,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                true,
                false,
                0);
    }

    /** As Qwen 2 has it: biases of queries, keys and values only. */
    public static ModelConfig qwen2() {
        return withExtras("qwen2", true, null, 0);
    }

    /**
     * Rotary positions of a longer context than 32 tokens, of which some pairs are stretched, some in part, some not.
     */
    public static ModelConfig scaled(@Nullable RopeScaling scaling, int slidingWindow) {
        return withExtras("llama", false, scaling, slidingWindow);
    }

    private static ModelConfig withExtras(
            String architecture, boolean qkvBias, @Nullable RopeScaling scaling, int slidingWindow) {
        return new ModelConfig(
                architecture,
                23,
                12,
                2,
                2,
                1,
                16,
                14,
                96,
                NormKind.RMS,
                1e-6f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                true,
                false,
                0,
                qkvBias,
                scaling,
                slidingWindow);
    }

    public static List<ModelConfig> all() {
        return List.of(
                llama(true),
                llama(false),
                gpt2(0),
                wide(),
                attentionBiases(),
                qwen2(),
                scaled(null, 20),
                scaled(new RopeScaling.Linear(2), 5),
                scaled(new RopeScaling.Llama3(4, 1, 4, 32), 0),
                scaled(new RopeScaling.Yarn(4, 32, 2, 0.5, 1.2), 0));
    }

    /** Names of the providers to test; {@link TestedProviders#assumed} skips those that do not run here. */
    public static List<String> backends() {
        return TestedProviders.names();
    }

    /** Those whose products are float32, for comparisons with what must not be rounded. */
    public static List<String> float32Backends() {
        return TestedProviders.all().stream()
                .filter(provider -> provider.precision() == Precision.FP32)
                .map(KernelProvider::label)
                .toList();
    }

    /**
     * Random weights; wider than the usual start, and norms and biases too, so that every term of a gradient counts.
     */
    public static Parameters randomWeights(ModelConfig config, long seed, TensorArena arena) {
        Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
        weights.initialize(seed);
        Tensor flat = weights.flat();
        double[] noise = new double[Math.toIntExact(flat.size())];
        CounterRandom.normals(seed, 77, 0, noise);
        for (int i = 0; i < noise.length; i++) {
            flat.set(i, flat.get(i) + (float) (0.2 * noise[i]));
        }
        return weights;
    }

    public static int[] randomTokens(ModelConfig config, int count, long seed) {
        return IntStream.range(0, count)
                .map(i -> (int) (CounterRandom.uniform(seed, 5, i) * config.vocabSize()))
                .toArray();
    }
}
