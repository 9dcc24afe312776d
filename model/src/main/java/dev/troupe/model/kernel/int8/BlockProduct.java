package dev.troupe.model.kernel.int8;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * C[m, n] = A[m, k] · Wᵀ for weights in blocks, which stay as they are, and activations that are rounded to eight bits,
 * every 32 of a row with a scale of their own ({@link Int8Rounding}): the arithmetic of llama.cpp for these types.
 *
 * <p>Bits: each run of 32 inputs, in Q6_K of 16, has a scale of W and, in Q4_K, an offset. Let s be the exact sum of q
 * · x over a run, x the numbers of the rounded activations, t their scale, and q the numbers of W, less 8 where they
 * have four bits. In order of runs, in float32, starting with 0,
 *
 * <pre>
 * sum = fma(s · t, scale, sum)
 * sum = fma((Σ x) · t, 8 · scale + offset, sum)      for Q4_K only
 * C   = C (when accumulate) + sum + bias[column]
 * </pre>
 *
 * So every provider, tile, batch and number of threads gives the same bits. A run with an activation that is not finite
 * gives NaN in its row.
 */
public interface BlockProduct {
    /**
     * C = A · Wᵀ (+ C when {@code accumulate}) (+ {@code bias} [n] on every row when given).
     *
     * @param a [m, k], rows {@code lda} apart
     * @param c [m, n], rows {@code ldc} apart; may not overlap A
     */
    void multiply(
            int m, Tensor a, int lda, BlockWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate);

    /** Whether it multiplies weights of this type, too, whose layout is not filled yet ({@link LatePanels}). */
    default boolean takesLate(StorageType type) {
        return false;
    }
}
