package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.kernel.vector.Tiles;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The product on float32 units, which are faster than what the Vector API has for integers: a float32 holds integers up
 * to 2²⁴ exactly, and so the sum of 512 products of 255 and 127. Chains of that length are summed as integers.
 */
public final class VectorInt8Product implements Int8Product {
    /** Products in a chain. */
    private static final int CHAIN = 512;

    /** Rows whose chains are multiplied at once; a multiple of the tiles'. */
    private static final int STRIP = 4 * Tiles.ROWS;

    /** Rows of a task: their totals share the cache with a panel. */
    private static final int MOST_ROWS = 16 * STRIP;

    /** Rows that share the work of unpacking, at least. */
    private static final int LEAST_ROWS = 2 * STRIP;

    /** Of the outer cache, for rounded numbers of A that are kept at once. */
    private static final int ROUNDED_EIGHTHS = 2;

    /** Below this many multiply-adds a second thread costs more than it saves. */
    private static final long WORTH_SHARING = 1 << 17;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    private static final long ROW = Int8Weight.COLUMNS * (long) Float.BYTES; // of unpacked numbers and of sums
    private static final long SUMS = CHAIN * ROW;
    private static final long TOTALS = SUMS + STRIP * ROW;
    private static final long SCRATCH = TOTALS + MOST_ROWS * ROW;

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final long mostNumbers;
    private final Int8RowProduct oneRow;

    /** Products that share their work over {@code pool}. */
    public VectorInt8Product(ComputePool pool, ScratchPool scratch) {
        this(pool, scratch, CacheSizes.machine());
    }

    /** Products for a processor with these caches. */
    VectorInt8Product(ComputePool pool, ScratchPool scratch, CacheSizes caches) {
        this.pool = pool;
        this.scratch = scratch;
        this.mostNumbers = caches.ofOuter(ROUNDED_EIGHTHS) / Float.BYTES;
        this.oneRow = new Int8RowProduct(pool, scratch);
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, Int8Weight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        if (m == 1) {
            oneRow.multiply(a, w, bias, c, accumulate);
            return;
        }
        int most = Math.clamp(mostNumbers / Math.max(1, w.k()), LEAST_ROWS, Math.max(LEAST_ROWS, m));
        long rowBytes = w.k() * 4L;
        for (int from = 0; from < m && w.n() > 0; from += most) {
            int rows = Math.min(most, m - from);
            try (ScratchPool.Scratch rounded = scratch.borrow(rows * (rowBytes + Float.BYTES))) {
                long scales = rounded.address() + rows * rowBytes;
                long first = a.address() + (long) from * lda * 4;
                round(rows, w.k(), first, lda * 4L, rounded.address(), scales);
                long corner = (long) from * ldc * 4;
                share(
                        rows,
                        new Block(
                                w,
                                rounded.address(),
                                new Int8Result(
                                        w,
                                        scales,
                                        accumulate ? c.address() + corner : 0,
                                        bias == null ? 0 : bias.address(),
                                        c.address() + corner,
                                        ldc * 4L)));
            }
        }
    }

    private void round(int rows, int k, long a, long lda, long to, long scales) {
        int tasks = (long) rows * k < WORTH_SHARING ? 1 : pool.threads();
        pool.run(tasks, task -> {
            for (int r = task * rows / tasks; r < (task + 1) * rows / tasks; r++) {
                Lanes.set(scales + r * 4L, Int8Rows.storeFloats(k, a + r * lda, to + r * (k * 4L)));
            }
        });
    }

    /** Panels by blocks of rows. */
    private void share(int m, Block block) {
        int panels = Int8Weight.panels(block.w.n());
        boolean alone = pool.threads() == 1 || (long) m * block.w.n() * block.w.k() < WORTH_SHARING;
        int wanted = alone ? 1 : TASKS_PER_THREAD * pool.threads();
        int most = Math.clamp(Math.ceilDiv(wanted, panels), 1, Math.ceilDiv(m, LEAST_ROWS));
        int even = Math.ceilDiv(Math.ceilDiv(m, most), STRIP) * STRIP;
        int height = Math.min(MOST_ROWS, even);
        int blocks = Math.ceilDiv(m, height);
        pool.run(panels * blocks, task -> {
            int row = task % blocks * height;
            try (ScratchPool.Scratch memory = scratch.borrow(SCRATCH)) {
                block.compute(task / blocks, row, Math.min(height, m - row), memory.address());
            }
        });
    }

    /**
     * A product whose rows of A are rounded.
     *
     * @param a their address
     */
    private record Block(Int8Weight w, long a, Int8Result result) {
        void compute(int panel, int row, int rows, long memory) {
            long quads = w.numbers().address() + panel * Int8Weight.panelBytes(Int8Weight.depth(w.k()));
            long rowA = w.k() * 4L;
            for (int from = 0; from == 0 || from < w.k(); from += CHAIN) {
                int depth = Math.min(CHAIN, w.k() - from);
                Int8Rows.unpack(depth, quads + (long) from * Int8Weight.COLUMNS, memory);
                for (int r = 0; r < rows; r += STRIP) {
                    int height = Math.min(STRIP, rows - r);
                    long blockA = a + (row + r) * rowA + from * 4L;
                    Tiles.product(
                            height, Int8Weight.COLUMNS, depth, blockA, rowA, 4, memory, ROW, memory + SUMS, ROW, false);
                    if (from == 0) {
                        Int8Rows.begin(height * Int8Weight.COLUMNS, memory + SUMS, memory + TOTALS + r * ROW);
                    } else {
                        Int8Rows.total(height * Int8Weight.COLUMNS, memory + SUMS, memory + TOTALS + r * ROW);
                    }
                }
            }
            int column = panel * Int8Weight.COLUMNS;
            int columns = Math.min(Int8Weight.COLUMNS, w.n() - column);
            result.finish(row, rows, column, columns, memory + TOTALS, ROW);
        }
    }
}
