package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The product with weights of four bits in 16-bit lanes ({@link FourBitTile}), panels shared among the threads. */
final class VectorFourBitProduct implements BlockProduct {
    /** Below this many elements to round a second thread costs more than it saves. */
    private static final long WORTH_SHARING_ROUNDING = 1 << 14;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Of the outer cache, for rounded rows that are kept at once. */
    private static final int ROUNDED_EIGHTHS = 1;

    private static final long SUMS = FourBitPass.RUNS * FourBitScaling.ENTRY; // after the table
    private static final long TOTALS = SUMS + FourBitPass.RUNS * FourBitStrips.MOST_ROWS * BlockWeight.ROW;
    private static final long TOTALS_ROW = BlockWeight.COLUMNS * 4L;
    private static final long SCRATCH = TOTALS + FourBitStrips.MOST_ROWS * TOTALS_ROW;

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final long mostBytes;
    private final int inTurns;

    /**
     * Products for a processor with these caches, which share their work over {@code pool}.
     *
     * @param inTurns panels that a single row goes through at once, run by run
     */
    VectorFourBitProduct(ComputePool pool, ScratchPool scratch, CacheSizes caches, int inTurns) {
        this.inTurns = inTurns;
        this.pool = pool;
        this.scratch = scratch;
        this.mostBytes = caches.ofOuter(ROUNDED_EIGHTHS);
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, BlockWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        long rowBytes = FourBitStrips.bytes(1, w.k());
        int fitting = (int) Math.min(Integer.MAX_VALUE / 2, mostBytes / Math.max(1, rowBytes));
        int most = Math.max(1, fitting / FourBitStrips.MOST_ROWS) * FourBitStrips.MOST_ROWS;
        for (int from = 0; from < m && w.n() > 0; from += most) {
            int rows = Math.min(most, m - from);
            try (ScratchPool.Scratch strips = scratch.borrow(rows * rowBytes)) {
                round(rows, w.k(), a.address() + (long) from * lda * 4, lda * 4L, strips.address());
                share(
                        w,
                        new Block(
                                w,
                                rows,
                                strips.address(),
                                bias == null ? 0 : bias.address(),
                                c.address() + (long) from * ldc * 4,
                                ldc * 4L,
                                accumulate));
            }
        }
    }

    private void round(int rows, int k, long a, long lda, long strips) {
        int heights = Math.ceilDiv(rows, FourBitStrips.MOST_ROWS);
        boolean alone = (long) rows * k < WORTH_SHARING_ROUNDING;
        int tasks = alone ? 1 : Math.min(heights, TASKS_PER_THREAD * pool.threads());
        pool.run(tasks, task -> {
            int end = Math.min(rows, (task + 1) * heights / tasks * FourBitStrips.MOST_ROWS);
            try (ScratchPool.Scratch working = scratch.borrow(FourBitStrips.SCRATCH)) {
                for (int row = task * heights / tasks * FourBitStrips.MOST_ROWS; row < end; ) {
                    int height = FourBitStrips.height(rows - row);
                    long strip = strips + FourBitStrips.bytes(row, k);
                    for (int r = 0; r < height; r++) {
                        FourBitStrips.store(height, r, k, a + (row + r) * lda, strip, working.address());
                    }
                    row += height;
                }
            }
        });
    }

    private void share(BlockWeight w, Block block) {
        int panels = BlockWeight.panels(w.n());
        int atOnce = block.rows == 1 ? inTurns : 1;
        Stretches.share(
                pool, panels, atOnce, (long) block.rows * w.n() * w.k(), (from, to) -> panels(from, to, atOnce, block));
    }

    private void panels(int from, int to, int atOnce, Block block) {
        try (ScratchPool.Scratch memory = scratch.borrow(atOnce * SCRATCH)) {
            for (int panel = from; panel < to; panel += atOnce) {
                if (block.rows == 1) {
                    for (int p = 0; p < atOnce; p++) { // not in computeRow: its loops are compiled worse with it
                        clear(memory.address() + p * SCRATCH + TOTALS, 1);
                    }
                    block.computeRow(panel, Math.min(atOnce, to - panel), memory.address());
                } else {
                    block.compute(panel, memory.address());
                }
            }
        }
    }

    private static void clear(long totals, int rows) {
        for (int r = 0; r < rows; r++) {
            long own = (totals + r * TOTALS_ROW) & Lanes.ADDRESS;
            Lanes.store(Lanes.zero(), own);
            Lanes.store(Lanes.zero(), own + Lanes.BYTES);
        }
    }

    /** A product whose rows of A are rounded. All but the weight and the number of rows are addresses or distances. */
    private record Block(BlockWeight w, int rows, long strips, long bias, long c, long rowC, boolean accumulate) {
        void compute(int panel, long memory) {
            long from = w.data().address() + panel * w.panelBytes();
            int column = panel * BlockWeight.COLUMNS;
            int columns = Math.min(BlockWeight.COLUMNS, w.n() - column);
            long totals = memory + TOTALS;
            for (int row = 0; row < rows; ) {
                int height = FourBitStrips.height(rows - row);
                clear(totals, height);
                long strip = strips + FourBitStrips.bytes(row, w.k());
                runs(height, strip, from, memory);
                for (int r = 0; r < height; r++) {
                    long to = c + (row + r) * rowC + column * 4L;
                    Rows.finish(columns, totals + r * TOTALS_ROW, accumulate ? to : 0, bias(column), to);
                }
                row += height;
            }
        }

        /** The only row, in {@code panels} panels; each has working memory of its own, its totals cleared. */
        void computeRow(int panel, int panels, long memory) {
            FourBitTile tile = FourBitTile.of(w.type());
            FourBitScaling scaling = FourBitScaling.of(w.type(), 1);
            int runs = w.k() / BlockWeight.RUN;
            long panelBytes = w.panelBytes();
            long chunk = panelBytes * FourBitPass.RUNS / Math.max(1, runs);
            long start = w.data().address() + panel * panelBytes;
            for (int from = 0; from < runs; from += FourBitPass.RUNS) {
                int count = Math.min(FourBitPass.RUNS, runs - from);
                long x = strips + from * FourBitStrips.runBytes(1);
                long weights = start + from / FourBitPass.RUNS * chunk;
                tile.panels(panels, panelBytes, count, x, weights, memory + SUMS, SCRATCH);
                for (int p = 0; p < panels; p++) {
                    long own = memory + p * SCRATCH;
                    FourBitPass.call(scaling, count, 1, x, weights + p * panelBytes, own, own + SUMS, own + TOTALS);
                }
            }
            for (int p = 0; p < panels; p++) {
                int column = (panel + p) * BlockWeight.COLUMNS;
                int columns = Math.min(BlockWeight.COLUMNS, w.n() - column);
                long to = c + column * 4L;
                Rows.finish(columns, memory + p * SCRATCH + TOTALS, accumulate ? to : 0, bias(column), to);
            }
        }

        private long bias(int column) {
            return bias == 0 ? 0 : bias + column * 4L;
        }

        private void runs(int height, long strip, long panel, long memory) {
            FourBitTile tile = FourBitTile.of(w.type());
            FourBitScaling scales = FourBitScaling.scales(w.type());
            FourBitScaling scaling = FourBitScaling.of(w.type(), height);
            int runs = w.k() / BlockWeight.RUN;
            long chunk = w.panelBytes() * FourBitPass.RUNS / Math.max(1, runs);
            for (int from = 0; from < runs; from += FourBitPass.RUNS) {
                int count = Math.min(FourBitPass.RUNS, runs - from);
                long x = strip + from * FourBitStrips.runBytes(height);
                long weights = panel + from / FourBitPass.RUNS * chunk;
                long sums = memory + SUMS;
                long totals = memory + TOTALS;
                FourBitPass.call(tile, count, height, x, weights, memory, sums, totals);
                if (height > 1) {
                    FourBitPass.call(scales, count, height, x, weights, memory, sums, totals);
                }
                FourBitPass.call(scaling, count, height, x, weights, memory, sums, totals);
            }
        }
    }
}
