package dev.troupe.model.kernel.elementwise;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireRange;
import static dev.troupe.model.kernel.KernelArguments.requireSize;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Lanes over flat memory. */
public final class VectorElementwise implements Elementwise {
    private static final int GRAIN_ELEMENTS = 16384;

    /** Elements of one partial sum of squares: part of the result's definition. */
    private static final int SQUARES_BLOCK = 4096;

    /** Column vectors that are summed side by side. */
    private static final long COLUMNS = 4;

    private static final VectorSpecies<Integer> INTS = SPECIES.vectorShape().withLanes(int.class);
    private static final IntVector COUNTING = IntVector.zero(INTS).addIndex(1);

    private final ComputePool pool;
    private final ScratchPool scratch;

    public VectorElementwise(ComputePool pool, ScratchPool scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    @Override
    public void add(long n, Tensor x, Tensor y) {
        requireSize("x", x, n);
        requireSize("y", y, n);
        Ranges.share(
                pool, n, GRAIN_ELEMENTS, (from, to) -> add(to - from, x.address() + from * 4, y.address() + from * 4));
    }

    private static void add(long n, long x, long y) {
        long i = 0;
        for (; i + LANES <= n; i += LANES) {
            store(load(y + i * 4).add(load(x + i * 4)), y + i * 4);
        }
        if (i < n) {
            VectorMask<Float> tail = first(n - i);
            store(load(y + i * 4, tail).add(load(x + i * 4, tail)), y + i * 4, tail);
        }
    }

    /** By the library's own fill: the compiler's loop over stores is as fast, and no faster. */
    @Override
    public void zero(long from, long to, Tensor x) {
        requireRange(from, to);
        requireSize("x", x, to);
        Ranges.share(
                pool,
                to - from,
                GRAIN_ELEMENTS,
                (a, b) -> Lanes.fill(x.address() + (from + a) * 4, (b - a) * 4, (byte) 0));
    }

    @Override
    public void addBias(int rows, int dim, Tensor bias, Tensor x) {
        requireMatrix("x", x, rows, dim, dim);
        requireSize("bias", bias, dim);
        Ranges.share(pool, rows, Math.max(1, GRAIN_ELEMENTS / Math.max(1, dim)), (from, to) -> {
            for (long r = from; r < to; r++) {
                add(dim, bias.address(), x.address() + r * dim * 4);
            }
        });
    }

    @Override
    public void biasBackward(int rows, int dim, Tensor dy, Tensor dBias) {
        requireMatrix("dy", dy, rows, dim, dim);
        requireSize("dBias", dBias, dim);
        long grain = (Math.max(1, GRAIN_ELEMENTS / Math.max(1, rows)) + LANES - 1L) / LANES * LANES;
        Ranges.share(pool, dim, grain, (from, to) -> {
            long i = from;
            for (; i + COLUMNS * LANES <= to; i += COLUMNS * LANES) {
                sumWideRows(rows, dim, dy.address() + i * 4, dBias.address() + i * 4);
            }
            for (; i < to; i += LANES) {
                sumRows(rows, dim, (int) Math.min(LANES, to - i), dy.address() + i * 4, dBias.address() + i * 4);
            }
        });
    }

    /** {@link #COLUMNS} vectors side by side: whole cache lines in a row, which memory gives faster. */
    private static void sumWideRows(int rows, int dim, long dy, long dBias) {
        FloatVector a = load(dBias);
        FloatVector b = load(dBias + BYTES);
        FloatVector c = load(dBias + 2 * BYTES);
        FloatVector d = load(dBias + 3 * BYTES);
        for (int r = 0; r < rows; r++) {
            long row = dy + (long) r * dim * 4;
            a = load(row).add(a);
            b = load(row + BYTES).add(b);
            c = load(row + 2 * BYTES).add(c);
            d = load(row + 3 * BYTES).add(d);
        }
        store(a, dBias);
        store(b, dBias + BYTES);
        store(c, dBias + 2 * BYTES);
        store(d, dBias + 3 * BYTES);
    }

    private static void sumRows(int rows, int dim, int count, long dy, long dBias) {
        VectorMask<Float> used = first(count);
        FloatVector sum = load(dBias, used);
        for (int r = 0; r < rows; r++) {
            sum = load(dy + (long) r * dim * 4, used).add(sum);
        }
        store(sum, dBias, used);
    }

    @Override
    public double sumOfSquares(long from, long to, Tensor x) {
        requireRange(from, to);
        requireSize("x", x, to);
        long blocks = (to - from + SQUARES_BLOCK - 1) / SQUARES_BLOCK;
        try (ScratchPool.Scratch sums = scratch.borrow(blocks * 4)) {
            Ranges.share(pool, blocks, GRAIN_ELEMENTS / SQUARES_BLOCK, (first, end) -> {
                for (long block = first; block < end; block++) {
                    long start = from + block * SQUARES_BLOCK;
                    int count = (int) Math.min(SQUARES_BLOCK, to - start);
                    Lanes.set(sums.address() + block * 4, squares(count, x.address() + start * 4));
                }
            });
            double sum = 0;
            for (long block = 0; block < blocks; block++) {
                sum += Lanes.get(sums.address() + block * 4);
            }
            return sum;
        }
    }

    /** Of a block of at most 4096: each lane adds 256 squares at most, which float32 holds to 1e-6. */
    private static float squares(int n, long x) {
        FloatVector even = Lanes.zero();
        FloatVector odd = Lanes.zero();
        int i = 0;
        for (; i + 2 * LANES <= n; i += 2 * LANES) {
            FloatVector a = load(x + i * 4L);
            FloatVector b = load(x + (i + LANES) * 4L);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        for (; i < n; i += LANES) {
            FloatVector a = load(x + i * 4L, first(n - i));
            even = a.fma(a, even);
        }
        return Lanes.sum(even.add(odd));
    }

    @Override
    public void dropout(long n, float rate, long seed, long stream, Tensor x) {
        requireSize("x", x, n);
        DropoutMask.requireRate(rate);
        int threshold = DropoutMask.threshold(rate);
        float scale = 1 / (1 - rate);
        Ranges.share(pool, n, GRAIN_ELEMENTS, (from, to) -> {
            for (long i = from; i < to; i += LANES) {
                // Vectors start at multiples of the lanes: the upper half of the index is the same in all of them.
                long key = DropoutMask.key(seed, stream, (int) (i >>> 32));
                drop((int) Math.min(LANES, to - i), x.address() + i * 4, (int) i, key, threshold, scale);
            }
        });
    }

    private static void drop(int count, long x, int index, long key, int threshold, float scale) {
        VectorMask<Float> used = first(count);
        IntVector hash = finish(COUNTING.add(index).add((int) key));
        hash = finish(hash.lanewise(VectorOperators.XOR, (int) (key >>> 32)));
        VectorMask<Float> kept = hash.lanewise(VectorOperators.LSHR, 32 - DropoutMask.BITS)
                .compare(VectorOperators.GE, threshold)
                .cast(SPECIES);
        store(Lanes.zero().blend(load(x, used).mul(scale), kept), x, used);
    }

    private static IntVector finish(IntVector x) {
        IntVector h = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16))
                .mul(DropoutMask.MULTIPLIER_1);
        h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 13))
                .mul(DropoutMask.MULTIPLIER_2);
        return h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16));
    }
}
