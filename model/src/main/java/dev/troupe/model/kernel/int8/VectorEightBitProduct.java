package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The product with weights of eight bits in float32 lanes ({@link EightBitTile}), panels shared among the threads. */
final class VectorEightBitProduct implements BlockProduct {
    /** Below this many elements to round a second thread costs more than it saves. */
    private static final long WORTH_SHARING_ROUNDING = 1 << 14;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Of the outer cache, for rounded rows that are kept at once. */
    private static final int ROUNDED_EIGHTHS = 1;

    /** Runs that are unpacked at once. */
    private static final int RUNS = 8;

    /** Rows that go over unpacked numbers at once. */
    private static final int ROWS = 4;

    private static final long TOTALS = RUNS * EightBitTile.UNPACKED_RUN;
    private static final long TOTALS_ROW = BlockWeight.COLUMNS * 4L;

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final long mostBytes;

    /** Products for a processor with these caches, which share their work over {@code pool}. */
    VectorEightBitProduct(ComputePool pool, ScratchPool scratch, CacheSizes caches) {
        this.pool = pool;
        this.scratch = scratch;
        this.mostBytes = caches.ofOuter(ROUNDED_EIGHTHS);
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, BlockWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        long rowBytes = EightBitRows.bytes(w.k());
        int most = Math.clamp(mostBytes / Math.max(1, rowBytes), 1, Math.max(1, m));
        for (int from = 0; from < m && w.n() > 0; from += most) {
            int rows = Math.min(most, m - from);
            try (ScratchPool.Scratch rounded = scratch.borrow(rows * rowBytes)) {
                round(rows, w.k(), a.address() + (long) from * lda * 4, lda * 4L, rounded.address());
                Block block = new Block(
                        w,
                        rows,
                        rounded.address(),
                        bias == null ? 0 : bias.address(),
                        c.address() + (long) from * ldc * 4,
                        ldc * 4L,
                        accumulate);
                Stretches.share(
                        pool,
                        BlockWeight.panels(w.n()),
                        1,
                        (long) rows * w.n() * w.k(),
                        (first, end) -> panels(first, end, block));
            }
        }
    }

    private void round(int rows, int k, long a, long lda, long to) {
        boolean alone = (long) rows * k < WORTH_SHARING_ROUNDING;
        int tasks = alone ? 1 : Math.min(rows, TASKS_PER_THREAD * pool.threads());
        pool.run(tasks, task -> {
            for (int r = task * rows / tasks; r < (task + 1) * rows / tasks; r++) {
                EightBitRows.round(k, a + r * lda, to + r * EightBitRows.bytes(k));
            }
        });
    }

    private void panels(int from, int to, Block block) {
        try (ScratchPool.Scratch memory = scratch.borrow(TOTALS + block.rows * TOTALS_ROW)) {
            for (int panel = from; panel < to; panel++) {
                block.compute(panel, memory.address());
            }
        }
    }

    /** A product whose rows of A are rounded. All but the weight and the number of rows are addresses or distances. */
    private record Block(BlockWeight w, int rows, long rounded, long bias, long c, long rowC, boolean accumulate) {
        void compute(int panel, long memory) {
            long totals = memory + TOTALS;
            Lanes.fill(totals, rows * TOTALS_ROW, (byte) 0);
            int runs = w.k() / BlockWeight.RUN;
            long weights = w.data().address() + panel * w.panelBytes();
            if (rows == 1) {
                EightBitTile.only(runs, rounded, rounded + EightBitRows.constants(w.k()), weights, totals);
            } else {
                for (int run = 0; run < runs; run += RUNS) {
                    int count = Math.min(RUNS, runs - run);
                    long at = weights + run * BlockWeight.BYTE_RUN;
                    EightBitTile.unpack(count, at, memory);
                    rows(run, count, at, memory, totals);
                }
            }
            int column = panel * BlockWeight.COLUMNS;
            int columns = Math.min(BlockWeight.COLUMNS, w.n() - column);
            for (int r = 0; r < rows; r++) {
                long to = c + r * rowC + column * 4L;
                long own = totals + r * TOTALS_ROW;
                Rows.finish(columns, own, accumulate ? to : 0, bias == 0 ? 0 : bias + column * 4L, to);
            }
        }

        private void rows(int run, int count, long weights, long unpacked, long totals) {
            long rowX = EightBitRows.bytes(w.k());
            long x = rounded + run * (BlockWeight.RUN * 4L);
            long constants = rounded + EightBitRows.constants(w.k()) + run * EightBitRows.CONSTANTS;
            int r = 0;
            for (; r + ROWS <= rows; r += ROWS) {
                long own = totals + r * TOTALS_ROW;
                EightBitTile.four(count, x + r * rowX, constants + r * rowX, rowX, weights, unpacked, own);
            }
            for (; r < rows; r++) {
                EightBitTile.one(count, x + r * rowX, constants + r * rowX, weights, unpacked, totals + r * TOTALS_ROW);
            }
        }
    }
}
