package dev.troupe.model.kernel.gemm;

import dev.troupe.model.kernel.KernelArguments;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Products of rounded operands by a float32 product: copies of the operands are rounded, so this is for reference and
 * for processors that have nothing faster. Its sums are the other product's.
 */
public final class RoundedGemm implements Gemm {
    /** Rounds a row of float32 numbers. */
    @FunctionalInterface
    public interface Rounding {
        void round(int count, long from, long to);
    }

    private static final int GRAIN = 1 << 14; // numbers to round, so that sharing pays

    private final ComputePool pool;
    private final Gemm products;
    private final Rounding rounding;
    private final ScratchPool scratch = new ScratchPool();

    /**
     * @param pool shares the rounding; it stays the caller's
     * @param products of float32
     * @param rounding between addresses
     */
    public RoundedGemm(ComputePool pool, Gemm products, Rounding rounding) {
        this.pool = pool;
        this.products = products;
        this.rounding = rounding;
    }

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
        KernelArguments.requireMatrix("a", a, ta ? k : m, ta ? m : k, lda);
        KernelArguments.requireMatrix("b", b, tb ? n : k, tb ? k : n, ldb);
        try (ScratchPool.Scratch memoryA = scratch.borrow((long) m * k * Float.BYTES);
                ScratchPool.Scratch memoryB = scratch.borrow((long) k * n * Float.BYTES)) {
            Tensor roundedA = rounded(ta ? k : m, ta ? m : k, a, lda, memoryA);
            Tensor roundedB = rounded(tb ? n : k, tb ? k : n, b, ldb, memoryB);
            products.multiplyAdd(
                    transposeA, transposeB, m, n, k, roundedA, ta ? m : k, roundedB, tb ? k : n, c, ldc, addend, bias);
        }
    }

    /** Rounds the first {@code count} numbers of a tensor in place. */
    public void round(long count, Tensor numbers) {
        KernelArguments.requireSize("numbers", numbers, count);
        long at = numbers.address();
        Ranges.share(
                pool,
                count,
                GRAIN,
                (from, to) ->
                        rounding.round(Math.toIntExact(to - from), at + from * Float.BYTES, at + from * Float.BYTES));
    }

    /** A rounded copy without gaps between the rows. */
    private Tensor rounded(int rows, int columns, Tensor matrix, int stride, ScratchPool.Scratch memory) {
        long from = matrix.address();
        long to = memory.address();
        Ranges.share(pool, rows, Math.max(1, GRAIN / Math.max(1, columns)), (first, end) -> {
            for (long r = first; r < end; r++) {
                rounding.round(columns, from + r * stride * Float.BYTES, to + r * columns * Float.BYTES);
            }
        });
        long bytes = (long) rows * columns * Float.BYTES;
        return Tensor.of(MemorySegment.ofAddress(memory.address()).reinterpret(bytes), rows, columns);
    }

    @Override
    public PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena) {
        boolean tb = transposeB == Transpose.YES;
        KernelArguments.requireMatrix("b", b, tb ? n : k, tb ? k : n, ldb);
        try (ScratchPool.Scratch memory = scratch.borrow((long) k * n * Float.BYTES)) {
            Tensor rounded = rounded(tb ? n : k, tb ? k : n, b, ldb, memory);
            return products.pack(transposeB, k, n, rounded, tb ? k : n, arena);
        }
    }

    @Override
    public void multiplyPacked(
            int m, Tensor a, int lda, PackedMatrix b, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        KernelArguments.requireMatrix("a", a, m, b.k(), lda);
        try (ScratchPool.Scratch memory = scratch.borrow((long) m * b.k() * Float.BYTES)) {
            products.multiplyPacked(m, rounded(m, b.k(), a, lda, memory), b.k(), b, bias, c, ldc, accumulate);
        }
    }
}
