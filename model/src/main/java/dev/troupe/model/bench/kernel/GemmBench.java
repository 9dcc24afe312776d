package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Float32 matrix products: m rows, n outputs, k inputs. */
public final class GemmBench implements KernelSuite {
    /** m, n, k: square, GPT-2's layers with many and few rows, a character model's layers. */
    private static final int[][] SHAPES = {
        {1024, 1024, 1024},
        {1024, 3072, 768},
        {256, 3072, 768},
        {64, 3072, 768},
        {16, 3072, 768},
        {1, 3072, 768},
        {768, 384, 128},
        {768, 128, 512},
    };

    @Override
    public List<BenchCase> cases() {
        List<BenchCase> cases = new ArrayList<>();
        for (int[] shape : SHAPES) {
            int m = shape[0];
            int n = shape[1];
            int k = shape[2];
            String label = m + "x" + n + "x" + k;
            Product forward = new Product(Transpose.NO, Transpose.YES, m, n, k, false);
            Product inputGradient = new Product(Transpose.NO, Transpose.NO, m, k, n, false);
            Product weightGradient = new Product(Transpose.YES, Transpose.NO, n, k, m, true);
            cases.add(forward.timed("gemm forward (A, B transposed)", label));
            cases.add(inputGradient.timed("gemm input gradient (A, B)", label));
            cases.add(weightGradient.timed("gemm weight gradient (A transposed, B)", label));
            cases.add(forward.beside(BenchCase.of("gemm packed", label, forward.work(), (kernels, arena) -> {
                Tensor a = BenchInputs.random(arena, m, k);
                Tensor weights = BenchInputs.random(arena, n, k);
                PackedMatrix packed = kernels.gemm().pack(Transpose.YES, k, n, weights, k, arena);
                Tensor c = arena.allocate(m, n);
                return () -> kernels.gemm().multiplyPacked(m, a, k, packed, null, c, n, false);
            })));
        }
        cases.add(activated(Epilogue.GELU, 1024, 3072, 768)); // GPT-2
        cases.add(activated(Epilogue.SWIGLU, 1024, 3072, 576)); // 135 M parameters
        return cases;
    }

    /** The way into a feed-forward layer in training: a product, and its activation while rows are in the cache. */
    private static BenchCase activated(Epilogue epilogue, int m, int n, int k) {
        String name = "gemm with " + epilogue.name().toLowerCase(Locale.ROOT);
        return BenchCase.of(name, m + "x" + n + "x" + k, Work.product(2.0 * m * n * k), (kernels, arena) -> {
            Tensor a = BenchInputs.random(arena, m, k);
            Tensor weights = BenchInputs.random(arena, n, k);
            Tensor bias = BenchInputs.random(arena, n);
            Tensor c = arena.allocate(m, n);
            Tensor out = arena.allocate(m, epilogue.width(n));
            Activation activation = kernels.activation();
            return () -> kernels.gemm()
                    .multiplyActivate(
                            Transpose.NO, Transpose.YES, m, n, k, a, k, weights, k, c, bias, epilogue, out, activation);
        });
    }

    /** C [m, n] = op(A) [m, k] · op(B) [k, n], on dense random matrices. */
    private record Product(Transpose transposeA, Transpose transposeB, int m, int n, int k, boolean accumulate) {
        /** As {@link dev.troupe.model.kernel.gemm.Gemm#multiply}. */
        private interface Multiply {
            void run(
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
                    boolean accumulate);
        }

        Work work() {
            return Work.product(2.0 * m * n * k);
        }

        BenchCase timed(String kernel, String label) {
            return beside(
                    BenchCase.of(kernel, label, work(), (kernels, arena) -> prepare(kernels.gemm()::multiply, arena)));
        }

        /** With the peers that are installed. */
        BenchCase beside(BenchCase ours) {
            return OpenBlas.installed()
                    .map(blas -> ours.with(
                            new BenchCase.Peer("openblas", (kernels, arena) -> prepare(blas::multiply, arena))))
                    .orElse(ours);
        }

        private Runnable prepare(Multiply multiply, TensorArena arena) {
            boolean ta = transposeA == Transpose.YES;
            boolean tb = transposeB == Transpose.YES;
            int lda = ta ? m : k;
            int ldb = tb ? k : n;
            Tensor a = BenchInputs.random(arena, ta ? k : m, lda);
            Tensor b = BenchInputs.random(arena, tb ? n : k, ldb);
            Tensor c = arena.allocate(m, n);
            return () -> multiply.run(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, n, accumulate);
        }
    }
}
