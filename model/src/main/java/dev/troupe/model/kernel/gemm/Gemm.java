package dev.troupe.model.kernel.gemm;

import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * Matrix product, float32: C[m, n] = op(A)[m, k] · op(B)[k, n], optionally added to C, optionally plus a bias row.
 *
 * <p>Legend: m rows, n columns, k the length of the sums. A leading dimension is the distance in elements between the
 * starts of two stored rows. The packed and the plain form give identical bits for every m.
 */
public interface Gemm {
    /** Products that are summed in one chain. Part of the definition of the vector provider's results. */
    int CHAIN = 512;

    /**
     * C = op(A) · op(B) (+ C when {@code accumulate}).
     *
     * @param a stored [m, k], or [k, m] when {@code transposeA} is YES
     * @param b stored [k, n], or [n, k] when {@code transposeB} is YES
     */
    default void multiply(
            Transpose transposeA,
            Transpose transposeB,
            int m,
            int n,
            int k,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c,
            int ldc,
            boolean accumulate) {
        multiplyAdd(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate ? c : null, null);
    }

    /**
     * C = op(A) · op(B) (+ {@code addend} when given) (+ {@code bias} [n] on every row when given), added in this
     * order: a linear layer and the addition to the residual stream in one pass.
     *
     * @param addend laid out as C; may be C itself, but may not overlap it otherwise
     */
    void multiplyAdd(
            Transpose transposeA,
            Transpose transposeB,
            int m,
            int n,
            int k,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c,
            int ldc,
            @Nullable Tensor addend,
            @Nullable Tensor bias);

    /**
     * C = op(A) · op(B) (+ {@code bias} [n] on every row when given), and from it {@code out}, while its rows are in
     * the cache where a provider can: the way into a feed-forward layer. C is kept, for the backward pass. The bits are
     * those of the two operations one after the other.
     *
     * @param c [m, n], without gaps between its rows
     * @param out [m, {@link Epilogue#width}], without gaps
     * @param activation of the same provider: computes out where the product does not
     */
    default void multiplyActivate(
            Transpose transposeA,
            Transpose transposeB,
            int m,
            int n,
            int k,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c,
            @Nullable Tensor bias,
            Epilogue epilogue,
            Tensor out,
            Activation activation) {
        multiplyAdd(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, n, null, bias);
        epilogue.apply(activation, m, n, c, out);
    }

    /** Lays out op(B)[k, n] for {@link #multiplyPacked}; for weights that are used many times. */
    PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena);

    /** C[m, n] = A[m, k] · B (+ C when {@code accumulate}) (+ {@code bias} [n] on every row when given). */
    void multiplyPacked(
            int m, Tensor a, int lda, PackedMatrix b, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate);
}
