package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.config.RopeScaling;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Small models for the tests of this package. */
final class TestModels {
    static final int VOCAB = 270;

    private TestModels() {}

    static ModelConfig llama() {
        return new ModelConfig(
                "llama",
                VOCAB,
                16,
                2,
                4,
                2,
                6,
                24,
                32,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0.1f);
    }

    /** As {@link #llama()}, with rows of whole blocks of 32 numbers. */
    static ModelConfig ofWholeBlocks() {
        return new ModelConfig(
                "llama",
                VOCAB,
                32,
                2,
                4,
                2,
                8,
                64,
                32,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
    }

    static ModelConfig gpt2(boolean bias) {
        return new ModelConfig(
                "gpt2",
                VOCAB,
                16,
                2,
                4,
                4,
                4,
                40,
                32,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                10_000,
                true,
                bias,
                0.2f);
    }

    /** As Qwen 2 has it: biases of queries, keys and values only. */
    static ModelConfig qwen2() {
        return withExtras("qwen2", true, false, null, 0);
    }

    /** As Llama has them with {@code attention_bias} alone. */
    static ModelConfig attentionBiases() {
        return withExtras("llama", true, true, null, 0);
    }

    /** Rows of 256 numbers in every matrix: whole blocks of all types. */
    static ModelConfig blocks() {
        return new ModelConfig(
                "llama",
                VOCAB,
                256,
                1,
                8,
                4,
                32,
                256,
                64,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
    }

    /** Llama's shape with rotary scaling and a window. */
    static ModelConfig scaled(@Nullable RopeScaling scaling, int window) {
        return withExtras("llama", false, false, scaling, window);
    }

    private static ModelConfig withExtras(
            String architecture, boolean qkvBias, boolean attentionOutBias, @Nullable RopeScaling scaling, int window) {
        return new ModelConfig(
                architecture,
                VOCAB,
                32,
                2,
                4,
                2,
                16,
                64,
                64,
                NormKind.RMS,
                1e-6f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                qkvBias,
                false,
                0,
                qkvBias,
                scaling,
                window,
                attentionOutBias);
    }

    /** GPT-2's names with parts that no class of transformers combines. */
    static ModelConfig mixture() {
        return new ModelConfig(
                "gpt2",
                VOCAB,
                16,
                2,
                4,
                2,
                6,
                24,
                32,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                500_000,
                false,
                false,
                0);
    }

    static Parameters random(ModelConfig config, TensorArena arena, long seed) {
        Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
        Random random = new Random(seed);
        for (long i = 0; i < weights.flat().size(); i++) {
            weights.flat().set(i, (float) random.nextGaussian());
        }
        return weights;
    }

    static Tokenizer tokenizer() {
        return BpeTrainer.train(
                List.of("the theatre of the thespians thanks the audience"), VOCAB, List.of(BpeTrainer.END_OF_TEXT), 1);
    }
}
