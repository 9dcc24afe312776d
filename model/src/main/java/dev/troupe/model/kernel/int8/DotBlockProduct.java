package dev.troupe.model.kernel.int8;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The product with dot instructions of bytes ({@link DotTile}), panels shared among the threads. */
public final class DotBlockProduct implements BlockProduct {
    /** Below this many elements to round a second thread costs more than it saves. */
    private static final long WORTH_SHARING_ROUNDING = 1 << 16;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Of the outer cache, for rounded rows that are kept at once. */
    private static final int ROUNDED_EIGHTHS = 1;

    /** Panels of a call. */
    private static final int PANELS_AT_ONCE = 8;

    private static final long TOTALS_ROW = BlockWeight.COLUMNS * 4L;
    private static final long SCRATCH = PANELS_AT_ONCE * DotStrips.MOST_ROWS * TOTALS_ROW;

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final long mostBytes;

    /**
     * Products that share their work over {@code pool}.
     *
     * @throws TroupeException when {@link #unavailable} says why not
     */
    public DotBlockProduct(ComputePool pool, ScratchPool scratch) {
        this(pool, scratch, CacheSizes.machine());
    }

    /** Products for a processor with these caches. */
    DotBlockProduct(ComputePool pool, ScratchPool scratch, CacheSizes caches) {
        unavailable().ifPresent(reason -> {
            throw new TroupeException("products by dot instructions are not available: " + reason);
        });
        this.pool = pool;
        this.scratch = scratch;
        this.mostBytes = caches.ofOuter(ROUNDED_EIGHTHS);
    }

    /** Why it does not run here; empty when it does. */
    public static Optional<String> unavailable() {
        return BlockWeight.COLUMNS == 32
                ? MachineCode.unavailable()
                : Optional.of("weights lie in panels of " + BlockWeight.COLUMNS + " outputs, not 32");
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, BlockWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        long rowBytes = DotStrips.bytes(1, w.k());
        int fitting = (int) Math.min(Integer.MAX_VALUE / 2, mostBytes / Math.max(1, rowBytes));
        int most = Math.max(1, fitting / DotStrips.MOST_ROWS) * DotStrips.MOST_ROWS;
        for (int from = 0; from < m && w.n() > 0; from += most) {
            int rows = Math.min(most, m - from);
            try (ScratchPool.Scratch strips = scratch.borrow(rows * rowBytes)) {
                round(rows, w, a.address() + (long) from * lda * 4, lda * 4L, strips.address());
                Block block = new Block(
                        w,
                        rows,
                        strips.address(),
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

    private void round(int rows, BlockWeight w, long a, long lda, long strips) {
        int k = w.k();
        int all = DotStrips.strips(rows);
        if ((long) rows * k < WORTH_SHARING_ROUNDING) {
            round(0, all, rows, w, a, lda, strips); // a step has a hundred of these: no task is made for them
            return;
        }
        int tasks = Math.min(all, TASKS_PER_THREAD * pool.threads());
        pool.run(tasks, task -> round(task * all / tasks, (task + 1) * all / tasks, rows, w, a, lda, strips));
    }

    private static void round(int from, int to, int rows, BlockWeight w, long a, long lda, long strips) {
        int k = w.k();
        for (int strip = from; strip < to; strip++) {
            int first = DotStrips.firstRow(strip, rows);
            int height = DotStrips.firstRow(strip + 1, rows) - first;
            for (int r = 0; r < height; r++) {
                DotStrips.store(w.type(), height, r, k, a + (first + r) * lda, strips + DotStrips.bytes(first, k));
            }
        }
    }

    private void panels(int from, int to, Block block) {
        LatePanels late = block.w.late();
        try (ScratchPool.Scratch totals = scratch.borrow(SCRATCH)) {
            if (late == null || late.isFilledTo(to)) {
                filled(from, to, block, totals.address());
                return;
            }
            try (ScratchPool.Scratch beside = scratch.borrow(late.roomBytes())) {
                for (int panel = from; panel < to; panel++) {
                    if (late.isFilled(panel)) {
                        block.compute(panel, block.placeOf(panel), 1, totals.address());
                    } else {
                        late.lay(panel, beside.address());
                        block.compute(panel, beside.address(), 1, totals.address());
                    }
                }
            }
        }
    }

    private static void filled(int from, int to, Block block, long totals) {
        int atOnce = block.numStrips() == 1 ? PANELS_AT_ONCE : 1; // a panel stays in the inner cache for all strips
        for (int panel = from; panel < to; panel += atOnce) {
            block.compute(panel, block.placeOf(panel), Math.min(atOnce, to - panel), totals);
        }
    }

    @Override
    public boolean takesLate(StorageType type) {
        return BlockPacking.packs(type);
    }

    /** A product whose rows of A are rounded. All but the weight and the number of rows are addresses or distances. */
    private record Block(BlockWeight w, int rows, long strips, long bias, long c, long rowC, boolean accumulate) {
        int numStrips() {
            return DotStrips.strips(rows);
        }

        /** Where a panel lies that is filled. */
        long placeOf(int panel) {
            return w.data().address() + panel * w.panelBytes();
        }

        /** @param weights where the first of the panels lies */
        void compute(int panel, long weights, int panels, long totals) {
            for (int strip = 0; strip < numStrips(); strip++) {
                compute(strip, panel, weights, panels, totals);
            }
        }

        private void compute(int strip, int panel, long weights, int panels, long totals) {
            int first = DotStrips.firstRow(strip, rows);
            int height = DotStrips.firstRow(strip + 1, rows) - first;
            DotTile.multiply(w, height, strips + DotStrips.bytes(first, w.k()), weights, panels, totals);
            for (int p = 0; p < panels; p++) {
                int column = (panel + p) * BlockWeight.COLUMNS;
                int columns = Math.min(BlockWeight.COLUMNS, w.n() - column);
                for (int r = 0; r < height; r++) {
                    long to = c + (first + r) * rowC + column * 4L;
                    long own = totals + (p * height + r) * TOTALS_ROW;
                    Rows.finish(columns, own, accumulate ? to : 0, bias == 0 ? 0 : bias + column * 4L, to);
                }
            }
        }
    }
}
