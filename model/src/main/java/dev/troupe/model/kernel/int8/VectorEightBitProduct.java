package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.gemm.GemmTile;
import dev.troupe.model.kernel.gemm.LeftStrips;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The product with weights of eight and of six bits by the tile of float32 products, a run or half of one at a time,
 * panels shared among the threads.
 */
final class VectorEightBitProduct implements BlockProduct {
    /** Below this many elements to round a second thread costs more than it saves. */
    private static final long WORTH_SHARING_ROUNDING = 1 << 14;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Of the outer cache, for rounded rows that are kept at once. */
    private static final int ROUNDED_EIGHTHS = 1;

    private static final int STRIP = GemmTile.ROWS;
    private static final long ROW = EightBitTile.ROW;
    private static final long SUMS = EightBitTile.UNPACKED_RUN;
    private static final long SCALES = SUMS + STRIP * ROW;
    private static final long TOTALS = SCALES + ROW;

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
        long stripBytes = LeftStrips.bytes(w.k());
        int strips = Math.clamp(mostBytes / (STRIP * rowBytes + stripBytes), 1, Math.max(1, Math.ceilDiv(m, STRIP)));
        for (int from = 0; from < m && w.n() > 0; from += strips * STRIP) {
            int rows = Math.min(strips * STRIP, m - from);
            try (ScratchPool.Scratch rounded = scratch.borrow(rows * rowBytes);
                    ScratchPool.Scratch packed =
                            scratch.borrow(isAlone(w, rows) ? 0 : Math.ceilDiv(rows, STRIP) * stripBytes)) {
                Block block = new Block(
                        w,
                        rows,
                        rounded.address(),
                        packed.address(),
                        bias == null ? 0 : bias.address(),
                        c.address() + (long) from * ldc * 4,
                        ldc * 4L,
                        accumulate);
                boolean alone = (long) rows * w.k() < WORTH_SHARING_ROUNDING;
                int tasks = alone ? 1 : Math.min(Math.ceilDiv(rows, STRIP), TASKS_PER_THREAD * pool.threads());
                long first = a.address() + (long) from * lda * 4;
                pool.run(tasks, task -> block.round(task, tasks, first, lda * 4L));
                Stretches.share(
                        pool,
                        BlockWeight.panels(w.n()),
                        1,
                        (long) rows * w.n() * w.k(),
                        (panel, end) -> panels(panel, end, block));
            }
        }
    }

    /** Whether numbers are unpacked as they are multiplied. */
    private static boolean isAlone(BlockWeight w, int rows) {
        return rows == 1 && w.type() == StorageType.Q8_0;
    }

    private void panels(int from, int to, Block block) {
        try (ScratchPool.Scratch memory = scratch.borrow(TOTALS + block.rows * ROW)) {
            for (int panel = from; panel < to; panel++) {
                // Apart: compiled together, the second to be met is left half inlined, with vectors on the heap.
                if (isAlone(block.w, block.rows)) {
                    block.computeRow(panel, memory.address());
                } else {
                    block.compute(panel, memory.address());
                }
            }
        }
    }

    /**
     * A product of some rows. All but the weight and the number of rows are addresses or distances.
     *
     * @param rounded rows of {@link EightBitRows}
     * @param packed the same in strips, where there are several
     */
    private record Block(
            BlockWeight w, int rows, long rounded, long packed, long bias, long c, long rowC, boolean accumulate) {
        void round(int task, int tasks, long a, long lda) {
            int k = w.k();
            long rowBytes = EightBitRows.bytes(k);
            int strips = Math.ceilDiv(rows, STRIP);
            for (int strip = task * strips / tasks; strip < (task + 1) * strips / tasks; strip++) {
                int first = strip * STRIP;
                int height = Math.min(STRIP, rows - first);
                for (int r = first; r < first + height; r++) {
                    EightBitRows.round(k, a + r * lda, rounded + r * rowBytes);
                }
                if (!isAlone(w, rows)) {
                    long to = packed + strip * LeftStrips.bytes(k);
                    LeftStrips.pack(false, height, height, k, rounded + first * rowBytes, rowBytes, to);
                }
            }
        }

        void computeRow(int panel, long memory) {
            long totals = memory + TOTALS;
            Lanes.fill(totals, ROW, (byte) 0);
            long weights = w.data().address() + panel * w.panelBytes();
            long scales = rounded + EightBitRows.scales(w.k());
            EightBitTile.only(w.k() / BlockWeight.RUN, rounded, scales, weights, totals);
            finish(panel, totals);
        }

        void compute(int panel, long memory) {
            Lanes.fill(memory + TOTALS, rows * ROW, (byte) 0);
            long weights = w.data().address() + panel * w.panelBytes();
            for (int run = 0; run < w.k() / BlockWeight.RUN; run++) {
                long at = weights + w.runAt(run);
                if (w.type() == StorageType.Q8_0) {
                    EightBitTile.unpack(at, memory);
                    EightBitTile.scales(at, memory + SCALES);
                    multiply(run * BlockWeight.RUN, memory, memory);
                } else {
                    sixBits(run, weights + w.blockAt(run), at, memory);
                }
            }
            finish(panel, memory + TOTALS);
        }

        private void finish(int panel, long totals) {
            int column = panel * BlockWeight.COLUMNS;
            int columns = Math.min(BlockWeight.COLUMNS, w.n() - column);
            for (int r = 0; r < rows; r++) {
                long to = c + r * rowC + column * 4L;
                Rows.finish(columns, totals + r * ROW, accumulate ? to : 0, bias == 0 ? 0 : bias + column * 4L, to);
            }
        }

        private void sixBits(int run, long head, long weights, long memory) {
            EightBitTile.unpackSix(weights, memory);
            for (int half = 0; half < BlockWeight.RUN / w.group(); half++) {
                long scales = weights + half * (long) BlockWeight.COLUMNS;
                EightBitTile.scalesOfSix(head, scales, memory + SCALES);
                int skipped = half * w.group();
                multiply(run * BlockWeight.RUN + skipped, memory + skipped * ROW, memory);
            }
        }

        /**
         * All rows with inputs that share a scale.
         *
         * @param from the first of them
         * @param numbers unpacked
         */
        private void multiply(int from, long numbers, long memory) {
            long rowX = EightBitRows.bytes(w.k());
            long scales = rounded + EightBitRows.scales(w.k()) + from / BlockWeight.RUN * 4L;
            long strip = packed + from * GemmTile.ROW_A;
            for (int r = 0; r < rows; r += STRIP) {
                int height = Math.min(STRIP, rows - r);
                GemmTile.product(height, w.group(), strip, numbers, memory + SUMS);
                long to = memory + TOTALS + r * ROW;
                EightBitTile.scale(height, scales + r * rowX, rowX, memory + SCALES, memory + SUMS, to);
                strip += LeftStrips.bytes(w.k());
            }
        }
    }
}
