package dev.troupe.model.plan;

import dev.troupe.model.TroupeException;

/**
 * The shape of a decoder-only transformer, as far as memory and time depend on it.
 *
 * @param layers L
 * @param hidden h
 * @param heads a, of queries
 * @param kvHeads heads of keys and values; fewer than {@code heads} with grouped queries
 * @param ffn inner width of the MLP
 * @param vocab V
 * @param sequence s, tokens of a training sequence
 */
public record ModelShape(
        Family family, int layers, int hidden, int heads, int kvHeads, int ffn, int vocab, int sequence) {
    /** What a layer consists of. */
    public enum Family {
        /** Biases, LayerNorm, a GELU MLP of two matrices, dropout, learned positions, tied embeddings. */
        GPT(2, true),
        /** No biases, RMSNorm, a gated MLP of three matrices, no dropout, rotary positions, an output matrix. */
        LLAMA(3, false);

        private final int mlpMatrices;
        private final boolean classic;

        Family(int mlpMatrices, boolean classic) {
            this.mlpMatrices = mlpMatrices;
            this.classic = classic;
        }

        int mlpMatrices() {
            return mlpMatrices;
        }

        boolean hasDropout() {
            return classic;
        }
    }

    public ModelShape {
        PlanArguments.positive("layers", layers);
        PlanArguments.positive("hidden", hidden);
        PlanArguments.positive("heads", heads);
        PlanArguments.positive("kv-heads", kvHeads);
        PlanArguments.positive("ffn", ffn);
        PlanArguments.positive("vocab", vocab);
        PlanArguments.positive("sequence", sequence);
        if (hidden % heads != 0) {
            throw new TroupeException("hidden (" + hidden + ") must be a multiple of heads (" + heads + ")");
        }
        if (heads % kvHeads != 0) {
            throw new TroupeException("heads (" + heads + ") must be a multiple of kv-heads (" + kvHeads + ")");
        }
    }

    /** A GPT-3-like model: an MLP of 4 h, all heads with their own keys and values. */
    public static ModelShape gpt(int layers, int hidden, int heads, int vocab, int sequence) {
        return new ModelShape(Family.GPT, layers, hidden, heads, heads, 4 * hidden, vocab, sequence);
    }

    /**
     * A GPT-3-like model of about so many parameters: as {@link ShapeOfParameters} derives it.
     *
     * @throws TroupeException when there is none
     */
    public static ModelShape ofParameters(double parameters, int vocab, int sequence) {
        return ShapeOfParameters.find(parameters, vocab, sequence);
    }

    /** Parameters of a layer: matrices, biases and norms. GPT: 12 h² + 13 h. */
    public double layerParameters() {
        return layerMatrixParameters() + (family == Family.GPT ? 13.0 : 2.0) * hidden;
    }

    /** Parameters of a layer that a token is multiplied with. */
    public double layerMatrixParameters() {
        double h = hidden;
        return h * (2 * h + 2 * h * kvHeads / heads) + family.mlpMatrices() * h * ffn;
    }

    /** Parameters before the first layer: the embedding, and positions where they are learned. */
    public double embeddingParameters() {
        return (double) vocab * hidden + (family == Family.GPT ? (double) sequence * hidden : 0);
    }

    /** Parameters behind the last layer, beside those that are tied to the embedding: V h for LLAMA, none for GPT. */
    public double outputParameters() {
        return family == Family.GPT ? 0 : (double) vocab * hidden;
    }

    /**
     * All parameters. For GPT it is 12 L h² (1 + 13/(12 h) + (V + s)/(12 L h)), equation 2 of arXiv:2104.04473; the
     * last norm is left out, as there.
     */
    public double parameters() {
        return layers * layerParameters() + embeddingParameters() + outputParameters();
    }
}
