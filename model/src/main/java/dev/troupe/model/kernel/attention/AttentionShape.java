package dev.troupe.model.kernel.attention;

/**
 * Heads of a causal attention: MHA when {@code numKvHeads == numHeads}, GQA when fewer, MQA when one.
 *
 * <p>A fused row holds the queries of all heads, then the keys, then the values: [numHeads·headDim | numKvHeads·headDim
 * | numKvHeads·headDim]. Scores are scaled by 1/sqrt(headDim).
 */
public record AttentionShape(int numHeads, int numKvHeads, int headDim) {
    public AttentionShape {
        if (numHeads <= 0 || numKvHeads <= 0 || headDim <= 0 || numHeads % numKvHeads != 0) {
            throw new IllegalArgumentException("numHeads must be a multiple of numKvHeads, all of them positive: "
                    + numHeads + ", " + numKvHeads + ", headDim " + headDim);
        }
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
}
