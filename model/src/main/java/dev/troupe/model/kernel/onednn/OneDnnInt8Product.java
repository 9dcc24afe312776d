package dev.troupe.model.kernel.onednn;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.VectorKernelProvider;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.int8.DotInt8Product;
import dev.troupe.model.kernel.int8.Int8Product;
import dev.troupe.model.kernel.int8.Int8Result;
import dev.troupe.model.kernel.int8.Int8RowProduct;
import dev.troupe.model.kernel.int8.Int8Rows;
import dev.troupe.model.kernel.int8.Int8Weight;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Products of bytes by oneDNN, one tile a call on the thread that makes it. Rounding, sharing and scaling are ours, so
 * the bits are the reference's. A few rows are ours altogether ({@link DotInt8Product}, or of one
 * {@link Int8RowProduct}).
 *
 * <p>Primitives live until {@link #close}, or until the garbage collector finds the product unreachable.
 */
public final class OneDnnInt8Product implements Int8Product, AutoCloseable {
    /** Of the outer cache, for what is rounded of A at once. */
    private static final int ROUNDED_EIGHTHS = 1;

    private static final String AMX = "amx_int8";

    /** Below this many multiply-adds a second thread costs more than it saves. */
    private static final long WORTH_SHARING = 1 << 17;

    /** The same for elements to round. */
    private static final long WORTH_SHARING_ROUNDING = 1 << 15;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Rows of the largest tile, whose sums wait in the inner cache. */
    private static final int TILE_ROWS = 64;

    /** Rows of the smallest tile: two take the library longer than four. */
    private static final int LEAST_ROWS = 4;

    private static final int TILE_PANELS = 4;

    /** Up to so many rows a product is bound by reading B. */
    private static final int FEW_ROWS = 16;

    /**
     * Panels of the widest tile of few rows, and shares of each thread: a stretch of B comes from memory at full speed
     * only once it streams.
     */
    private static final int FEW_ROWS_PANELS = 16;

    private static final int FEW_ROWS_TASKS = 2;

    private static final int MOST_ROWS = TileSizes.MOST_ROWS;

    /** Rows that our own dot products take no longer for than the library, where there are some. */
    private static final int MOST_BY_DOTS = 12;

    private static final Cleaner CLEANER = Cleaner.create();

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final long groupBytes;
    private final @Nullable DotInt8Product fewRows;
    private final Int8RowProduct oneRow;
    private final TileSizes sizes = TileSizes.all();
    private final TileProducts products = new TileProducts(TileType.INT8);
    private final Cleaner.Cleanable owned;

    /**
     * Products that share their work over {@code pool}.
     *
     * @throws TroupeException when {@link #unavailable} says why not
     */
    public OneDnnInt8Product(ComputePool pool, ScratchPool scratch) {
        this(pool, scratch, CacheSizes.machine());
    }

    /** Products for a processor with these caches. */
    OneDnnInt8Product(ComputePool pool, ScratchPool scratch, CacheSizes caches) {
        this(pool, scratch, caches, DotInt8Product.unavailable().isEmpty() ? new DotInt8Product(pool, scratch) : null);
    }

    /** The library's for any number of rows but one, also where our own products of a few are faster. */
    public static OneDnnInt8Product alone(ComputePool pool, ScratchPool scratch) {
        return new OneDnnInt8Product(pool, scratch, CacheSizes.machine(), null);
    }

    private OneDnnInt8Product(
            ComputePool pool, ScratchPool scratch, CacheSizes caches, @Nullable DotInt8Product fewRows) {
        unavailable().ifPresent(reason -> {
            throw new TroupeException("products in int8 by oneDNN are not available: " + reason);
        });
        this.pool = pool;
        this.scratch = scratch;
        this.groupBytes = caches.ofOuter(ROUNDED_EIGHTHS);
        this.fewRows = fewRows;
        this.oneRow = new Int8RowProduct(pool, scratch);
        TileProducts primitives = products;
        this.owned = CLEANER.register(this, primitives::close);
    }

    /** Why it does not run here; empty when it does. */
    public static Optional<String> unavailable() {
        return OneDnnLibrary.unsuitable("avx512_vnni", AMX)
                .or(new VectorKernelProvider()::unavailable)
                .or(Dnnl::problem);
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, Int8Weight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        if (fewRows != null && m <= MOST_BY_DOTS) {
            fewRows.multiply(m, a, lda, w, bias, c, ldc, accumulate);
            return;
        }
        if (m == 1) {
            oneRow.multiply(a, w, bias, c, accumulate);
            return;
        }
        int depth = Int8Weight.depth(w.k());
        int rowA = TileType.INT8.rowStride(depth);
        int most = Math.clamp(groupBytes / rowA / TILE_ROWS, 1, Math.ceilDiv(Math.max(1, m), TILE_ROWS)) * TILE_ROWS;
        try (ScratchPool.Scratch rounded = scratch.borrow((long) (most + MOST_ROWS) * rowA + most * 4L)) {
            long scales = rounded.address() + (long) (most + MOST_ROWS) * rowA;
            for (int from = 0; from < m && w.n() > 0; from += most) {
                int rows = Math.min(most, m - from);
                round(rows, w.k(), a.address() + (long) from * lda * 4, lda * 4L, rounded.address(), rowA, scales);
                long corner = (long) from * ldc * 4;
                share(
                        rows,
                        new Block(
                                w,
                                depth,
                                rounded.address(),
                                rowA,
                                new Int8Result(
                                        w,
                                        scales,
                                        accumulate ? c.address() + corner : 0,
                                        bias == null ? 0 : bias.address(),
                                        c.address() + corner,
                                        ldc * 4L)));
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void round(int rows, int k, long a, long lda, long to, int rowA, long scales) {
        boolean alone = (long) rows * k < WORTH_SHARING_ROUNDING;
        int tasks = alone ? 1 : Math.min(rows, TASKS_PER_THREAD * pool.threads());
        int padded = Int8Weight.depth(k);
        pool.run(tasks, task -> {
            for (int r = task * rows / tasks; r < (task + 1) * rows / tasks; r++) {
                Lanes.set(scales + r * 4L, Int8Rows.storeBytes(k, padded, a + r * lda, to + (long) r * rowA));
            }
        });
    }

    /** Groups of panels, each of which goes past all rows, by blocks of rows where the groups are too few. */
    private void share(int m, Block block) {
        int panels = Int8Weight.panels(block.w.n());
        boolean alone = pool.threads() == 1 || (long) m * block.w.n() * block.w.k() < WORTH_SHARING;
        boolean few = m <= FEW_ROWS;
        int wanted = alone ? 1 : (few ? FEW_ROWS_TASKS : TASKS_PER_THREAD) * pool.threads();
        int strips = Math.ceilDiv(m, TILE_ROWS);
        int width = Math.clamp((long) strips * panels / wanted, 1, TILE_PANELS);
        int groups = few ? Math.min(panels, wanted) : Math.ceilDiv(panels, width);
        int height = Math.ceilDiv(strips, Math.min(strips, Math.ceilDiv(wanted, groups))) * TILE_ROWS;
        int blocks = Math.ceilDiv(m, height);
        pool.run(groups * blocks, task -> {
            int group = task / blocks;
            int row = task % blocks * height;
            int from = group * panels / groups;
            compute(block, row, Math.min(height, m - row), from, (group + 1) * panels / groups - from);
        });
    }

    /**
     * A product whose rows of A are rounded.
     *
     * @param a their address
     * @param rowA bytes from one to the next
     */
    private record Block(Int8Weight w, int depth, long a, int rowA, Int8Result result) {}

    private void compute(Block block, int row, int rows, int panel, int panels) {
        Int8Weight w = block.w;
        boolean few = rows <= FEW_ROWS;
        int most = few ? FEW_ROWS_PANELS : TILE_PANELS;
        int highest = few ? FEW_ROWS : TILE_ROWS;
        for (int at = panel; at < panel + panels; ) {
            int width = sizes.panelsFor(panel + panels - at, most);
            int column = at * Int8Weight.COLUMNS;
            int stride = width * Int8Weight.COLUMNS;
            long b = w.numbers().address() + at * Int8Weight.panelBytes(block.depth);
            try (ScratchPool.Scratch sums = scratch.borrow((long) highest * stride * Integer.BYTES)) {
                for (int done = 0; done < rows; ) {
                    int height = sizes.rowsFor(Math.max(LEAST_ROWS, rows - done), highest);
                    int kept = Math.min(height, rows - done);
                    products.get(new TileShape(height, width, block.depth, stride))
                            .run(block.a + (long) (row + done) * block.rowA, b, sums.address());
                    block.result.finish(
                            row + done, kept, column, Math.min(stride, w.n() - column), sums.address(), stride * 4L);
                    done += kept;
                }
            }
            at += width;
        }
    }

    /** Frees the primitives; no product may be running or called any more. */
    @Override
    public void close() {
        owned.clean();
    }
}
