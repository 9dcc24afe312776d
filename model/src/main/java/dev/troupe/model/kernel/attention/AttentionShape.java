package dev.troupe.model.kernel.attention;

import dev.troupe.model.config.ModelConfig;

/**
 * Heads of a causal attention: MHA when {@code numKvHeads == numHeads}, GQA when fewer, MQA when one.
 *
 * <p>A fused row holds the queries of all heads, then the keys, then the values: [numHeads·headDim | numKvHeads·headDim
 * | numKvHeads·headDim]. Scores are scaled by 1/sqrt(headDim).
 *
 * @param window keys that a query sees, its own included: those at positions (t - window, t]; 0 for all up to t
 * @param alibi whether scores lose {@link #slope} times the distance to the key (ALiBi, arXiv:2108.12409)
 */
public record AttentionShape(int numHeads, int numKvHeads, int headDim, int window, boolean alibi) {
    public AttentionShape {
        if (numHeads <= 0 || numKvHeads <= 0 || headDim <= 0 || numHeads % numKvHeads != 0) {
            throw new IllegalArgumentException("numHeads must be a multiple of numKvHeads, all of them positive: "
                    + numHeads + ", " + numKvHeads + ", headDim " + headDim);
        }
        if (window < 0) {
            throw new IllegalArgumentException("window (" + window + ") must not be negative");
        }
    }

    /** Attention to everything before, without ALiBi. */
    public AttentionShape(int numHeads, int numKvHeads, int headDim) {
        this(numHeads, numKvHeads, headDim, 0, false);
    }

    /** The heads of a model. */
    public static AttentionShape of(ModelConfig config) {
        return new AttentionShape(
                config.numHeads(), config.numKvHeads(), config.headDim(), config.slidingWindow(), false);
    }

    /** Elements of the query part, and of an output row. */
    public int queryWidth() {
        return numHeads * headDim;
    }

    /** Elements of the key part, and of the value part. */
    public int kvWidth() {
        return numKvHeads * headDim;
    }

    /** Elements of a fused row. */
    public int fusedWidth() {
        return queryWidth() + 2 * kvWidth();
    }

    /** Query heads that share a key-value head. */
    public int group() {
        return numHeads / numKvHeads;
    }

    /** The first position that the query at {@code position} sees. */
    public int firstKey(int position) {
        return window == 0 ? 0 : Math.max(0, position - window + 1);
    }

    /** The last of {@code time} positions whose query sees the key at {@code position}. */
    public int lastQuery(int position, int time) {
        return window == 0 ? time - 1 : (int) Math.min(time - 1, (long) position + window - 1);
    }

    /**
     * ALiBi's slope of a head: 2^(-8/n), 2^(-16/n) and so on for n heads when n is a power of two; otherwise the slopes
     * of the power below it and then every second one of the power above it, as the paper's authors do. 0 without
     * ALiBi.
     */
    public float slope(int head) {
        if (!alibi) {
            return 0;
        }
        int power = Integer.highestOneBit(numHeads);
        double exponent = head < power ? 8.0 * (head + 1) / power : 4.0 * (2 * (head - power) + 1) / power;
        return (float) Math.pow(2, -exponent);
    }
}
