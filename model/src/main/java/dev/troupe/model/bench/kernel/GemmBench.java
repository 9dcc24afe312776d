package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

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
            Work work = Work.flops(2.0 * m * n * k);
            cases.add(BenchCase.of("gemm forward (A, B transposed)", label, work, (kernels, arena) -> {
                Tensor a = BenchInputs.random(arena, m, k);
                Tensor weights = BenchInputs.random(arena, n, k);
                Tensor c = arena.allocate(m, n);
                return () ->
                        kernels.gemm().multiply(Transpose.NO, Transpose.YES, m, n, k, a, k, weights, k, c, n, false);
            }));
            cases.add(BenchCase.of("gemm input gradient (A, B)", label, work, (kernels, arena) -> {
                Tensor dC = BenchInputs.random(arena, m, n);
                Tensor weights = BenchInputs.random(arena, n, k);
                Tensor dA = arena.allocate(m, k);
                return () ->
                        kernels.gemm().multiply(Transpose.NO, Transpose.NO, m, k, n, dC, n, weights, k, dA, k, false);
            }));
            cases.add(BenchCase.of("gemm weight gradient (A transposed, B)", label, work, (kernels, arena) -> {
                Tensor dC = BenchInputs.random(arena, m, n);
                Tensor a = BenchInputs.random(arena, m, k);
                Tensor dWeights = arena.allocate(n, k);
                return () ->
                        kernels.gemm().multiply(Transpose.YES, Transpose.NO, n, k, m, dC, n, a, k, dWeights, k, true);
            }));
            cases.add(BenchCase.of("gemm packed", label, work, (kernels, arena) -> {
                Tensor a = BenchInputs.random(arena, m, k);
                Tensor weights = BenchInputs.random(arena, n, k);
                PackedMatrix packed = kernels.gemm().pack(Transpose.YES, k, n, weights, k, arena);
                Tensor c = arena.allocate(m, n);
                return () -> kernels.gemm().multiplyPacked(m, a, k, packed, null, c, n, false);
            }));
        }
        return cases;
    }
}
