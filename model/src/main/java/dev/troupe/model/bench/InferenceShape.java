package dev.troupe.model.bench;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import java.util.List;

/** A Llama-like model that inference is measured on; other runtimes are measured on the same. */
public record InferenceShape(
        String label, int layers, int dim, int heads, int kvHeads, int ffn, int vocab, boolean tied) {
    /** The shapes of SmolLM2-135M, Qwen2-0.5B and TinyLlama-1.1B; the last is not tied. */
    public static final List<InferenceShape> ALL = List.of(
            new InferenceShape("tiny", 2, 64, 2, 1, 128, 512, true),
            new InferenceShape("135m", 30, 576, 9, 3, 1536, 49_152, true),
            new InferenceShape("0.5b", 24, 896, 14, 2, 4864, 151_936, true),
            new InferenceShape("1.1b", 22, 2048, 32, 4, 5632, 32_000, false));

    private static final int CONTEXT = 4096;

    /**
     * The shape that the command line calls so.
     *
     * @throws IllegalArgumentException when there is none; its message lists the names
     */
    public static InferenceShape named(String label) {
        return ALL.stream()
                .filter(shape -> shape.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no shape is called '" + label + "'; there are "
                        + ALL.stream().map(InferenceShape::label).toList()));
    }

    /** The same with as many tokens as another: a draft must have those of the model that it guesses for. */
    public InferenceShape withVocabularyOf(InferenceShape other) {
        return new InferenceShape(label, layers, dim, heads, kvHeads, ffn, other.vocab, tied);
    }

    /** The model, with a context of 4,096 tokens. */
    public ModelConfig config() {
        return new ModelConfig(
                "llama",
                vocab,
                dim,
                layers,
                heads,
                kvHeads,
                dim / heads,
                ffn,
                CONTEXT,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                tied,
                false,
                0);
    }

    /** Numbers of the matrices of all layers, without embedding and head. */
    long layerParameters() {
        int headDim = dim / heads;
        long attention = (long) dim * headDim * (2 * heads + 2 * kvHeads);
        return layers * (attention + 3L * dim * ffn);
    }

    /**
     * Floating-point operations of a prompt of {@code tokens}: products of layers, attention to all earlier positions,
     * the head once.
     */
    double promptFlops(int tokens) {
        double attention = 2.0 * layers * dim * tokens * (tokens + 1.0); // scores and values, causal
        return 2.0 * layerParameters() * tokens + attention + 2.0 * dim * vocab;
    }
}
