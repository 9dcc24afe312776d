package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;

/** All transposes, rows wider than the matrix, accumulation, addend, bias, and the packed form. */
final class GemmContract implements OperationContract<Kernels> {
    private static final int[] ROWS = {0, 1, 2, 5, 6, 13, 50};
    private static final int[] COLUMNS = {0, 1, 15, 16, 17, 63, 65, 130};
    private static final int[] SUMS = {0, 1, 17, 257};

    /** m, n, k: about a chain of 512, several chains, and more than goes at once over the panels of many columns. */
    private static final int[][] LONG_SUMS = {
        {13, 33, 511}, {5, 65, 513}, {1, 17, 1031}, {14, 66, 2048}, {13, 130, 4099}
    };

    @Override
    public String name() {
        return "gemm";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.F32_WEIGHTS, () -> {
            packed(on, 7, 67, 33);
            packed(on, 1, 16, 300);
        });
        on.where(KernelUse.TRAINING, () -> {
            plain(on, 7, 67, 33);
            plain(on, 1, 16, 300);
            multiplyActivate(on, 7, 34, 20, Epilogue.GELU);
            multiplyActivate(on, 150, 30, 17, Epilogue.SWIGLU);
        });
    }

    @Override
    public void full(Comparison<Kernels> on) {
        for (int m : ROWS) {
            for (int n : COLUMNS) {
                for (int k : SUMS) {
                    at(on, m, n, k);
                }
            }
        }
        at(on, 97, 384, 128);
        at(on, 3, 2304, 768);
        at(on, 64, 128, 512);
        for (int[] shape : LONG_SUMS) {
            at(on, shape[0], shape[1], shape[2]);
        }
        for (Epilogue epilogue : Epilogue.values()) {
            for (int[] shape : new int[][] {{0, 8, 3}, {1, 34, 17}, {7, 64, 48}, {157, 30, 33}, {150, 96, 0}}) {
                multiplyActivate(on, shape[0], shape[1], shape[2], epilogue);
            }
        }
    }

    private static void multiplyActivate(Comparison<Kernels> on, int m, int n, int k, Epilogue epilogue) {
        String shape = shape(m, n, k) + ", " + epilogue;
        on.compare("gemm with activation", shape, k, (kernels, in) -> {
            Tensor a = in.normal(m, k);
            Tensor b = in.normal(n, k);
            Tensor c = in.result("c", m, n);
            Tensor out = in.result("out", m, epilogue.width(n));
            Activation activation = kernels.activation();
            kernels.gemm()
                    .multiplyActivate(
                            Transpose.NO,
                            Transpose.YES,
                            m,
                            n,
                            k,
                            a,
                            k,
                            b,
                            k,
                            c,
                            in.normal(n),
                            epilogue,
                            out,
                            activation);
        });
    }

    private static void at(Comparison<Kernels> on, int m, int n, int k) {
        plain(on, m, n, k);
        packed(on, m, n, k);
    }

    private static String shape(int m, int n, int k) {
        return "m " + m + ", n " + n + ", k " + k;
    }

    private static void plain(Comparison<Kernels> on, int m, int n, int k) {
        String shape = shape(m, n, k);
        for (Transpose ta : Transpose.values()) {
            for (Transpose tb : Transpose.values()) {
                String transposes = shape + ", A " + ta + ", B " + tb;
                for (boolean accumulate : new boolean[] {false, true}) {
                    multiply(on, transposes, ta, tb, m, n, k, accumulate);
                }
                multiplyAdd(on, transposes, ta, tb, m, n, k);
            }
        }
    }

    private static void packed(Comparison<Kernels> on, int m, int n, int k) {
        for (boolean biased : new boolean[] {false, true}) {
            on.compare("gemm packed", shape(m, n, k) + ", bias " + biased, k, (kernels, in) -> {
                Tensor a = in.normal(m, k);
                Tensor b = in.normal(n, k);
                Tensor bias = in.normal(n);
                PackedMatrix packed = kernels.gemm().pack(Transpose.YES, k, n, b, k, in.arena());
                Tensor c = biased ? in.output("c", m, n) : in.result("c", m, n);
                kernels.gemm().multiplyPacked(m, a, k, packed, biased ? bias : null, c, n, biased);
            });
        }
    }

    private static void multiply(
            Comparison<Kernels> on, String shape, Transpose ta, Transpose tb, int m, int n, int k, boolean accumulate) {
        on.compare("gemm", shape + (accumulate ? ", accumulated" : ""), k, (kernels, in) -> {
            int lda = (ta == Transpose.YES ? m : k) + 3;
            int ldb = (tb == Transpose.YES ? k : n) + 5;
            Tensor a = in.normal(ta == Transpose.YES ? k : m, lda);
            Tensor b = in.normal(tb == Transpose.YES ? n : k, ldb);
            Tensor c = accumulate ? in.output("c", m, n + 2) : in.result("c", m, n + 2);
            kernels.gemm().multiply(ta, tb, m, n, k, a, lda, b, ldb, c, n + 2, accumulate);
        });
    }

    private static void multiplyAdd(
            Comparison<Kernels> on, String shape, Transpose ta, Transpose tb, int m, int n, int k) {
        on.compare("gemm with addend and bias", shape, k, (kernels, in) -> {
            int lda = ta == Transpose.YES ? m : k;
            int ldb = tb == Transpose.YES ? k : n;
            Tensor a = in.normal(m, k);
            Tensor b = in.normal(k, n);
            Tensor addend = in.normal(m, n);
            Tensor bias = in.normal(n);
            kernels.gemm().multiplyAdd(ta, tb, m, n, k, a, lda, b, ldb, in.result("c", m, n), n, addend, bias);
        });
    }
}
