package dev.troupe.model.kernel.int8;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * C[m, n] = A[m, k] · Wᵀ with both operands rounded to eight bits. Each row of A and each row of W has one scale, its
 * greatest magnitude over 127 ({@link Int8Rounding}).
 *
 * <p>Bits: the sum of k products of integers is exact, whatever its order; then, in float32 and in this order,
 *
 * <pre>C = C (when accumulate) + sum · scaleA[row] · scaleW[column] + bias[column]</pre>
 *
 * So every provider, tile, batch and number of threads gives the same bits. A row with a number that is not finite
 * gives NaN everywhere.
 */
public interface Int8Product {
    /**
     * C = A · Wᵀ (+ C when {@code accumulate}) (+ {@code bias} [n] on every row when given).
     *
     * @param a [m, k], rows {@code lda} apart
     * @param c [m, n], rows {@code ldc} apart; may not overlap A
     */
    void multiply(int m, Tensor a, int lda, Int8Weight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate);
}
