package dev.troupe.model.kernel.int8;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The product with dot instructions of bytes ({@link DotBytesTile}), panels shared among the threads. */
public final class DotInt8Product implements Int8Product {
    /** Below this many elements to round a second thread costs more than it saves. */
    private static final long WORTH_SHARING_ROUNDING = 1 << 15;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Of the outer cache, for what is rounded of A at once. */
    private static final int ROUNDED_EIGHTHS = 1;

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final long mostBytes;

    /**
     * Products that share their work over {@code pool}.
     *
     * @throws TroupeException when {@link #unavailable} says why not
     */
    public DotInt8Product(ComputePool pool, ScratchPool scratch) {
        this(pool, scratch, CacheSizes.machine());
    }

    /** Products for a processor with these caches. */
    DotInt8Product(ComputePool pool, ScratchPool scratch, CacheSizes caches) {
        unavailable().ifPresent(reason -> {
            throw new TroupeException("products by dot instructions are not available: " + reason);
        });
        this.pool = pool;
        this.scratch = scratch;
        this.mostBytes = caches.ofOuter(ROUNDED_EIGHTHS);
    }

    /** Why it does not run here; empty when it does. */
    public static Optional<String> unavailable() {
        return MachineCode.unavailable();
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, Int8Weight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        int depth = Int8Weight.depth(w.k());
        int most = Math.max(1, (int) Math.min(m, mostBytes / depth));
        try (ScratchPool.Scratch rounded = scratch.borrow(most * (depth + (long) Float.BYTES))) {
            long scales = rounded.address() + (long) most * depth;
            for (int from = 0; from < m && w.n() > 0; from += most) {
                int rows = Math.min(most, m - from);
                round(rows, w.k(), a.address() + (long) from * lda * 4, lda * 4L, rounded.address(), scales);
                long corner = (long) from * ldc * 4;
                Int8Result result = new Int8Result(
                        w,
                        scales,
                        accumulate ? c.address() + corner : 0,
                        bias == null ? 0 : bias.address(),
                        c.address() + corner,
                        ldc * 4L);
                Stretches.share(
                        pool,
                        Int8Weight.panels(w.n()),
                        1,
                        (long) rows * w.n() * w.k(),
                        (first, end) -> panels(first, end, w, rows, rounded.address(), result));
            }
        }
    }

    private void round(int rows, int k, long a, long lda, long to, long scales) {
        int depth = Int8Weight.depth(k);
        boolean alone = (long) rows * k < WORTH_SHARING_ROUNDING;
        int tasks = alone ? 1 : Math.min(rows, TASKS_PER_THREAD * pool.threads());
        pool.run(tasks, task -> {
            for (int r = task * rows / tasks; r < (task + 1) * rows / tasks; r++) {
                Lanes.set(scales + r * 4L, Int8Rows.storeBytes(k, depth, a + r * lda, to + (long) r * depth));
            }
        });
    }

    private void panels(int from, int to, Int8Weight w, int rows, long a, Int8Result result) {
        int depth = Int8Weight.depth(w.k());
        int strips = Math.ceilDiv(rows, DotBytesTile.MOST_ROWS);
        try (ScratchPool.Scratch sums = scratch.borrow(DotBytesTile.MOST_ROWS * DotBytesTile.SUMS)) {
            for (int panel = from; panel < to; panel++) {
                int column = panel * Int8Weight.COLUMNS;
                int columns = Math.min(Int8Weight.COLUMNS, w.n() - column);
                for (int strip = 0; strip < strips; strip++) {
                    int row = (int) ((long) strip * rows / strips);
                    int height = (int) ((strip + 1L) * rows / strips) - row;
                    DotBytesTile.sum(w, height, a + (long) row * depth, panel, sums.address());
                    result.finish(row, height, column, columns, sums.address(), DotBytesTile.SUMS);
                }
            }
        }
    }
}
