package dev.troupe.model.config;

import org.jspecify.annotations.Nullable;

/**
 * The shape of a decoder-only transformer. Everything about an architecture is said here; no code is per model.
 *
 * @param architecture "llama", "qwen2" or "gpt2": names tensors and config.json when the model is written for others
 * @param dim width of the residual stream
 * @param ffnDim inner width of the MLP
 * @param headDim width of a head; numHeads·headDim need not be dim
 * @param contextLength most positions of a sequence
 * @param bias whether linear layers and LayerNorm have biases
 * @param dropout rate in training, 0 for none
 * @param qkvBias whether queries, keys and values have biases; those of Qwen 2 have where nothing else has
 * @param ropeScaling how rotary positions are stretched to a longer context; null for not at all
 * @param slidingWindow positions that a query sees, its own included (Mistral); 0 for all before it
 * @param attentionOutBias whether attention's output has a bias; Llama's {@code attention_bias} is this and qkvBias
 */
public record ModelConfig(
        String architecture,
        int vocabSize,
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
        float dropout,
        boolean qkvBias,
        @Nullable RopeScaling ropeScaling,
        int slidingWindow,
        boolean attentionOutBias) {

    /** Bounds far beyond any model's: what is above them is damage, and what is within them overflows no product. */
    public static final int MOST_LAYERS = 1 << 14;

    /** Of the residual stream, of an MLP, and of all heads together. */
    public static final int MOST_WIDTH = 1 << 22;

    public static final int MOST_TOKENS = 1 << 24;
    public static final int MOST_CONTEXT = 1 << 28;

    /** Pre-norm kind. */
    public enum NormKind {
        LAYER,
        RMS
    }

    /** MLP kind: GELU has two matrices, SwiGLU three. */
    public enum MlpKind {
        GELU,
        SWIGLU
    }

    /** How positions enter: a learned table added to the embeddings, or rotation of queries and keys. */
    public enum PositionKind {
        LEARNED,
        ROTARY
    }

    public ModelConfig {
        requireCount("vocabSize", vocabSize, MOST_TOKENS);
        requireCount("dim", dim, MOST_WIDTH);
        requireCount("numLayers", numLayers, MOST_LAYERS);
        requireCount("numHeads", numHeads, MOST_WIDTH);
        requireCount("numKvHeads", numKvHeads, MOST_WIDTH);
        requireCount("headDim", headDim, MOST_WIDTH);
        requireCount("ffnDim", ffnDim, MOST_WIDTH);
        requireCount("contextLength", contextLength, MOST_CONTEXT);
        if ((long) numHeads * headDim > MOST_WIDTH) {
            throw new IllegalArgumentException("model.numHeads (" + numHeads + ") times model.headDim (" + headDim
                    + ") must be at most " + MOST_WIDTH);
        }
        if (numHeads % numKvHeads != 0) {
            throw new IllegalArgumentException(
                    "model.numHeads (" + numHeads + ") must be a multiple of model.numKvHeads (" + numKvHeads + ")");
        }
        if (positions == PositionKind.ROTARY && headDim % 2 != 0) {
            throw new IllegalArgumentException("model.headDim (" + headDim + ") must be even for rotary positions");
        }
        requirePositive("normEpsilon", normEpsilon);
        if (positions == PositionKind.ROTARY) {
            requirePositive("ropeTheta", ropeTheta);
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("model.dropout (" + dropout + ") must be in [0, 1)");
        }
        if (bias && !qkvBias) {
            throw new IllegalArgumentException("model.qkvBias must be true where model.bias is");
        }
        if (bias != attentionOutBias && !(qkvBias && attentionOutBias)) {
            throw new IllegalArgumentException(
                    "model.attentionOutBias must be true where model.bias is, and only where model.qkvBias is");
        }
        if (slidingWindow < 0) {
            throw new IllegalArgumentException("model.slidingWindow (" + slidingWindow + ") must not be negative");
        }
    }

    /** A model whose linear layers all have biases or none, with plain rotary positions and full attention. */
    public ModelConfig(
            String architecture,
            int vocabSize,
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
        this(
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
                dropout,
                bias,
                null,
                0,
                bias);
    }

    /** A model whose attention's output has a bias where the MLP has. */
    public ModelConfig(
            String architecture,
            int vocabSize,
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
            float dropout,
            boolean qkvBias,
            @Nullable RopeScaling ropeScaling,
            int slidingWindow) {
        this(
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
                dropout,
                qkvBias,
                ropeScaling,
                slidingWindow,
                bias);
    }

    /** The same with another context. Learned positions are as many as the table has. */
    public ModelConfig withContextLength(int length) {
        return with(vocabSize, numHeads, numKvHeads, ffnDim, length);
    }

    /** What one of several shards computes: the same with fewer heads, inner columns and tokens. */
    public ModelConfig withShare(int shareOfHeads, int shareOfKvHeads, int shareOfFfn, int shareOfVocabulary) {
        return with(shareOfVocabulary, shareOfHeads, shareOfKvHeads, shareOfFfn, contextLength);
    }

    private ModelConfig with(int newVocabSize, int newHeads, int newKvHeads, int newFfnDim, int newContextLength) {
        return new ModelConfig(
                architecture,
                newVocabSize,
                dim,
                numLayers,
                newHeads,
                newKvHeads,
                headDim,
                newFfnDim,
                newContextLength,
                norm,
                normEpsilon,
                mlp,
                positions,
                ropeTheta,
                tiedEmbeddings,
                bias,
                dropout,
                qkvBias,
                ropeScaling,
                slidingWindow,
                attentionOutBias);
    }

    private static void requirePositive(String name, double value) {
        if (!(value > 0 && Double.isFinite(value))) {
            throw new IllegalArgumentException("model." + name + " (" + value + ") must be positive and finite");
        }
    }

    private static void requireCount(String name, int value, int most) {
        if (value <= 0 || value > most) {
            throw new IllegalArgumentException("model." + name + " (" + value + ") must be positive"
                    + (value > most ? " and at most " + most : ""));
        }
    }
}
