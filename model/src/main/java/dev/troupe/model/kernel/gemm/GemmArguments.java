package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Checks the arguments of {@link Gemm}, for every provider alike. */
public final class GemmArguments {
    private GemmArguments() {}

    /** Of {@link Gemm#multiplyAdd}. */
    public static void requireProduct(
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
            @Nullable Tensor bias) {
        boolean ta = transposeA == Transpose.YES;
        requireMatrix("a", a, ta ? k : m, ta ? m : k, lda);
        requireRight(transposeB, k, n, b, ldb);
        requireMatrix("c", c, m, n, ldc);
        if (addend != null) {
            requireMatrix("addend", addend, m, n, ldc);
        }
        if (bias != null) {
            requireSize("bias", bias, n);
        }
    }

    /** Of {@link Gemm#pack}: op(B) [k, n]. */
    public static void requireRight(Transpose transposeB, int k, int n, Tensor b, int ldb) {
        boolean tb = transposeB == Transpose.YES;
        requireMatrix("b", b, tb ? n : k, tb ? k : n, ldb);
    }
}
