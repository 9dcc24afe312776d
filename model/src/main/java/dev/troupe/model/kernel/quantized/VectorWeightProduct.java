package dev.troupe.model.kernel.quantized;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Products over panels ({@link PanelFormat}), into which weights are laid out once. Outputs, and rows where there are
 * many, are shared among the threads.
 */
public final class VectorWeightProduct implements WeightProduct {
    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Rows that share the work of unpacking, at least. */
    private static final int LEAST_ROWS = 2 * PanelProduct.STRIP_ROWS;

    /** Up to so many rows it is faster to unpack weights for each dozen of them than once for all. */
    private static final int FEW_ROWS = 24;

    private final ComputePool pool;
    private final ScratchPool scratch;

    public VectorWeightProduct(ComputePool pool, ScratchPool scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    /** Bytes that a weight of n outputs and k inputs takes once it is laid out. */
    public static long packedBytes(StorageType type, int n, int k) {
        return PanelProduct.panels(n) * PanelFormats.vector(type).bytes(k);
    }

    @Override
    public WeightLayout layout() {
        return WeightLayout.PANELS;
    }

    /** In the type that the rows have, or in float32 where a number does not fit the layout of that type. */
    @Override
    public PackedWeight pack(WeightRows rows, LayoutMemory memory) {
        return packAsStored(rows, memory)
                .or(() -> packAsStored(WeightRows.floats(rows), memory))
                .orElseThrow();
    }

    private Optional<PackedWeight> packAsStored(WeightRows rows, LayoutMemory memory) {
        PanelFormat format = PanelFormat.of(rows.type());
        long bytes = packedBytes(rows.type(), rows.n(), rows.k());
        return memory.layIfFit("panels." + rows.type(), bytes, data -> write(rows, format, data))
                .map(data -> new PackedWeight(rows.type(), rows.n(), rows.k(), data));
    }

    /** Whether all numbers could be written in this format. */
    private boolean write(WeightRows rows, PanelFormat format, MemorySegment data) {
        int panels = PanelProduct.panels(rows.n());
        long panelBytes = format.bytes(rows.k());
        long roomBytes = PanelFormat.COLUMNS * rows.rowBytes();
        AtomicBoolean fits = new AtomicBoolean(true);
        // Each panel's rows are copied, checked and laid out while they are in the cache.
        pool.run(panels, panel -> {
            int column = panel * PanelFormat.COLUMNS;
            int columns = Math.min(PanelFormat.COLUMNS, rows.n() - column);
            try (ScratchPool.Scratch borrowed = scratch.borrow(roomBytes)) {
                MemorySegment room = MemorySegment.ofAddress(borrowed.address()).reinterpret(roomBytes);
                MemorySegment some = rows.readFinite(column, columns, SegmentAllocator.prefixAllocator(room));
                if (format.holds(columns, rows.k(), some)) {
                    format.pack(columns, rows.k(), some, data.asSlice(panel * panelBytes, panelBytes));
                } else {
                    fits.set(false);
                }
            }
        });
        return fits.get();
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, PackedWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        if (m == 0 || w.n() == 0) {
            return;
        }
        PanelFormat format = PanelFormat.of(w.type());
        PanelProduct product = new PanelProduct(
                format,
                w.n(),
                w.k(),
                a.address(),
                lda * 4L,
                w.data().address(),
                accumulate ? c.address() : 0,
                bias == null ? 0 : bias.address(),
                c.address(),
                ldc * 4L);
        if (m > 1 && m <= FEW_ROWS && format.mostRows() > 1) {
            fewRows(m, product);
        } else if (m > 1) {
            shareRows(m, product);
        } else if (format.rowFactor() == 1) {
            oneRow(product);
        } else {
            try (ScratchPool.Scratch row = scratch.borrow(w.k() * (long) Float.BYTES)) {
                if (Rows.scale(w.k(), a.address(), format.rowFactor(), row.address())) {
                    oneRow(product.of(row.address()));
                } else { // numbers too large for that, whose product this gives, too
                    shareRows(1, product);
                }
            }
        }
    }

    /**
     * Panels that are gone through at once are as far apart as the whole goes: each thread reads some long streams, in
     * which what its loops ask for ahead, beyond a panel's end, too, is what comes next.
     */
    private void oneRow(PanelProduct product) {
        int panels = PanelProduct.panels(product.n());
        int steps = Math.ceilDiv(panels, product.format().most());
        Stretches.share(pool, steps, 1, (long) product.n() * product.k(), (from, to) -> {
            try (ScratchPool.Scratch memory = scratch.borrow(PanelProduct.ROW_SCRATCH)) {
                for (int panel = from; panel < to; panel++) {
                    product.row(panel, Math.ceilDiv(panels - panel, steps), steps, memory.address());
                }
            }
        });
    }

    private void fewRows(int m, PanelProduct product) {
        int panels = PanelProduct.panels(product.n());
        Stretches.share(pool, panels, 1, (long) m * product.n() * product.k(), (from, to) -> {
            try (ScratchPool.Scratch memory = scratch.borrow(PanelProduct.ROW_SCRATCH)) {
                for (int panel = from; panel < to; panel++) {
                    product.fewRows(panel, m, memory.address());
                }
            }
        });
    }

    /** Pairs of panels by blocks of rows. */
    private void shareRows(int m, PanelProduct product) {
        int panels = PanelProduct.panels(product.n());
        boolean alone = pool.threads() == 1 || (long) m * product.n() * product.k() < Stretches.WORTH_SHARING;
        int wanted = alone ? 1 : TASKS_PER_THREAD * pool.threads();
        int pairs = Math.ceilDiv(panels, 2);
        int most = Math.clamp(Math.ceilDiv(wanted, pairs), 1, Math.ceilDiv(m, LEAST_ROWS));
        int height = Math.ceilDiv(Math.ceilDiv(m, most), PanelProduct.STRIP_ROWS) * PanelProduct.STRIP_ROWS;
        int blocks = Math.ceilDiv(m, height);
        int groups = Math.min(pairs, Math.max(1, wanted));
        pool.run(groups * blocks, task -> {
            int group = task / blocks;
            int row = task % blocks * height;
            int rows = Math.min(height, m - row);
            try (ScratchPool.Scratch memory = scratch.borrow(PanelProduct.ROWS_SCRATCH)) {
                for (int pair = group * pairs / groups; pair < (group + 1) * pairs / groups; pair++) {
                    product.rows(2 * pair, Math.min(2, panels - 2 * pair), row, rows, memory.address());
                }
            }
        });
    }
}
