package dev.troupe.model.kernel.gemm;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * The reference: three loops, each sum in float64 in order of k and rounded once. Operands are read to the heap once.
 */
public final class ScalarGemm implements Gemm {
    @Override
    public void multiplyAdd(
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
        boolean tb = transposeB == Transpose.YES;
        GemmArguments.requireProduct(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, addend, bias);
        float[][] rows = new float[m][];
        for (int i = 0; i < m; i++) {
            rows[i] = ta ? column(a, lda, i, k) : row(a, lda, i, k);
        }
        for (int j = 0; j < n; j++) {
            float[] column = tb ? row(b, ldb, j, k) : column(b, ldb, j, k);
            for (int i = 0; i < m; i++) {
                long at = (long) i * ldc + j;
                double sum = addend == null ? 0 : addend.get(at);
                for (int p = 0; p < k; p++) {
                    sum += (double) rows[i][p] * column[p];
                }
                c.set(at, (float) sum);
            }
        }
        if (bias != null) {
            addBias(m, n, bias, c, ldc);
        }
    }

    private static float[] row(Tensor matrix, int ld, int i, int length) {
        return matrix.toArray((long) i * ld, length);
    }

    private static float[] column(Tensor matrix, int ld, int j, int length) {
        float[] column = new float[length];
        for (int p = 0; p < length; p++) {
            column[p] = matrix.get((long) p * ld + j);
        }
        return column;
    }

    /** Packs to plain [k, n]. */
    @Override
    public PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena) {
        boolean tb = transposeB == Transpose.YES;
        GemmArguments.requireRight(transposeB, k, n, b, ldb);
        Tensor data = arena.allocate(k, n);
        for (int p = 0; p < k; p++) {
            for (int j = 0; j < n; j++) {
                data.set((long) p * n + j, b.get(tb ? (long) j * ldb + p : (long) p * ldb + j));
            }
        }
        return new PackedMatrix(k, n, data);
    }

    @Override
    public void multiplyPacked(
            int m, Tensor a, int lda, PackedMatrix b, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        Tensor addend = accumulate ? c : null;
        multiplyAdd(Transpose.NO, Transpose.NO, m, b.n(), b.k(), a, lda, b.data(), b.n(), c, ldc, addend, bias);
    }

    private static void addBias(int m, int n, Tensor bias, Tensor c, int ldc) {
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                long at = (long) i * ldc + j;
                c.set(at, c.get(at) + bias.get(j));
            }
        }
    }
}
