package dev.troupe.actors.training;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;

/** The model section of a {@link TrainingConfig}: a {@link ModelConfig} that waits for its vocabulary. */
public record ModelSection(
        String architecture,
        int dim,
        int numLayers,
        int numHeads,
        int numKvHeads,
        int headDim,
        int ffnDim,
        int contextLength,
        NormKind norm,
        float normEpsilon,
        MlpKind mlp,
        PositionKind positions,
        double ropeTheta,
        boolean tiedEmbeddings,
        boolean bias,
        float dropout) {

    private static final int LARGEST = 1 << 20;

    static ModelSection from(ConfigReader reader) {
        String architecture = reader.word("model.architecture", "llama", "gpt2");
        boolean gpt2 = architecture.equals("gpt2");
        int dim = reader.integer("model.dim", 1, LARGEST);
        int numHeads = reader.integer("model.numHeads", 1, LARGEST);
        if (dim % numHeads != 0
                && reader.integerOrAuto("model.headDim", 1, LARGEST).isEmpty()) {
            throw reader.bad(
                    "model.dim",
                    "a multiple of model.numHeads (" + numHeads + "), or model.headDim must say the width of a head");
        }
        ModelSection section = new ModelSection(
                architecture,
                dim,
                reader.integer("model.numLayers", 1, 10_000),
                numHeads,
                reader.integerOrAuto("model.numKvHeads", 1, LARGEST).orElse(numHeads),
                reader.integerOrAuto("model.headDim", 1, LARGEST).orElse(dim / numHeads),
                reader.integer("model.ffnDim", 1, LARGEST),
                reader.integer("model.contextLength", 1, LARGEST),
                isFirst(reader, "model.norm", "layer", "rms", gpt2) ? NormKind.LAYER : NormKind.RMS,
                (float) reader.number("model.normEpsilon", 1e-12, 1),
                isFirst(reader, "model.mlp", "gelu", "swiglu", gpt2) ? MlpKind.GELU : MlpKind.SWIGLU,
                isFirst(reader, "model.positions", "learned", "rotary", gpt2)
                        ? PositionKind.LEARNED
                        : PositionKind.ROTARY,
                reader.number("model.ropeTheta", 1, 1e12),
                reader.word("model.tiedEmbeddings", "true", "false").equals("true"),
                isFirst(reader, "model.bias", "true", "false", gpt2),
                (float) reader.number("model.dropout", 0, 0.99));
        section.withVocabulary(1);
        return section;
    }

    private static boolean isFirst(ConfigReader reader, String key, String first, String second, boolean auto) {
        String word = reader.word(key, first, second, "auto");
        return word.equals("auto") ? auto : word.equals(first);
    }

    /** The whole model, once the tokenizer is known. */
    public ModelConfig withVocabulary(int vocabSize) {
        try {
            return new ModelConfig(
                    architecture,
                    vocabSize,
                    dim,
                    numLayers,
                    numHeads,
                    numKvHeads,
                    headDim,
                    ffnDim,
                    contextLength,
                    norm,
                    normEpsilon,
                    mlp,
                    positions,
                    ropeTheta,
                    tiedEmbeddings,
                    bias,
                    dropout);
        } catch (IllegalArgumentException e) {
            throw new TroupeException("bad model shape: " + e.getMessage(), e);
        }
    }
}
