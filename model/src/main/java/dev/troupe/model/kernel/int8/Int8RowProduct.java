package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** One row times a weight of eight bits, at the speed at which memory is read. */
public final class Int8RowProduct {
    private final ComputePool pool;
    private final ScratchPool scratch;
    private final RowSums sums;

    /** @param sums how they are computed */
    Int8RowProduct(ComputePool pool, ScratchPool scratch, RowSums sums) {
        this.pool = pool;
        this.scratch = scratch;
        this.sums = sums;
    }

    /** The fastest that runs here; products share their work over {@code pool}. */
    public static Int8RowProduct fastest(ComputePool pool, ScratchPool scratch) {
        boolean dot = MachineCode.unavailable().isEmpty();
        return new Int8RowProduct(pool, scratch, dot ? new DotRowSums() : new ShortRowSums());
    }

    /** As {@link Int8Product#multiply} for a single row; arguments are checked. */
    public void multiply(Tensor a, Int8Weight w, @Nullable Tensor bias, Tensor c, boolean accumulate) {
        long rowBytes = sums.rowBytes(w.k());
        try (ScratchPool.Scratch memory = scratch.borrow(rowBytes + Float.BYTES)) {
            long row = memory.address();
            long scale = row + rowBytes;
            Lanes.set(scale, sums.store(w.k(), a.address(), row));
            Int8Result result = new Int8Result(
                    w, scale, accumulate ? c.address() : 0, bias == null ? 0 : bias.address(), c.address(), 0);
            Stretches.share(
                    pool,
                    Int8Weight.panels(w.n()),
                    sums.atOnce(),
                    (long) w.n() * w.k(),
                    (from, to) -> panels(from, to, w, row, result));
        }
    }

    /** Outputs of the panels [from, to). */
    private void panels(int from, int to, Int8Weight w, long row, Int8Result result) {
        int atOnce = sums.atOnce();
        long panelBytes = sums.panelBytes();
        try (ScratchPool.Scratch memory = scratch.borrow(atOnce * panelBytes)) {
            for (int panel = from; panel < to; panel += atOnce) {
                int count = Math.min(atOnce, to - panel);
                sums.sum(w, panel, count, row, memory.address());
                for (int p = 0; p < count; p++) {
                    int column = (panel + p) * Int8Weight.COLUMNS;
                    int columns = Math.min(Int8Weight.COLUMNS, w.n() - column);
                    result.finish(0, 1, column, columns, memory.address() + p * panelBytes, 0);
                }
            }
        }
    }
}
