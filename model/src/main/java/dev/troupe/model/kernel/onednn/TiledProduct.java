package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;

/**
 * Splits products over threads: all of them lay out the operands, then share the tiles of C; each tile is one call of
 * oneDNN on the thread that makes it. Dimensions are m rows, n columns and {@code depth}, the length of sums rounded up
 * as operands are; addresses and distances as in {@link TileBlock}.
 */
final class TiledProduct implements AutoCloseable {
    /** Of the outer cache, for what is laid out of an operand at once. */
    private static final int OPERAND_EIGHTHS = 2;

    /** Below this many multiply-adds a second thread costs more than it saves. */
    private static final long WORTH_SHARING = 1 << 18;

    /** The same for elements to lay out. */
    private static final long WORTH_SHARING_LAYOUT = 1 << 14;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    /** Rows or columns of a piece; blocks of rows begin with one. */
    private static final int PIECE = Bf16Panels.COLUMNS;

    /** Of a tile that goes to a {@link TileTask}, unless that wants whole rows: it waits in the cache. */
    private static final int TASK_PANELS = 4;

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final TileSizes sizes;
    private final long groupBytes;
    private final TileProducts products = new TileProducts(TileType.BF16);

    TiledProduct(ComputePool pool, ScratchPool scratch, TileSizes sizes, CacheSizes caches) {
        this.pool = pool;
        this.groupBytes = caches.ofOuter(OPERAND_EIGHTHS);
        this.scratch = scratch;
        this.sizes = sizes;
    }

    ComputePool pool() {
        return pool;
    }

    ScratchPool scratch() {
        return scratch;
    }

    /** Primitives that exist. */
    int primitives() {
        return products.count();
    }

    /** Pieces of an operand to lay out, perhaps none. */
    private record Part(PieceSource source, int first, int count, boolean again, long to, long pieceBytes) {
        static final Part NONE = new Part(PieceSource.at(0), 0, 0, false, 0, 0);

        int pieces() {
            return Math.ceilDiv(count, PIECE);
        }

        void layOut(int piece, ScratchPool scratch) {
            int from = piece * PIECE;
            source.layOut(first + from, Math.min(PIECE, count - from), again, to + piece * pieceBytes, scratch);
        }
    }

    /** How C is split: blocks of rows and, where these are too few for all threads, groups of panels. */
    private record Split(int panels, int height, int blocks, int groups) {
        int firstPanel(int group) {
            return (int) ((long) group * panels / groups);
        }
    }

    private Split split(int m, int n, int depth) {
        int panels = Bf16Panels.count(n);
        boolean alone = pool.threads() == 1 || (long) m * n * depth < WORTH_SHARING;
        int target = alone ? 1 : TASKS_PER_THREAD * pool.threads();
        int strips = Math.ceilDiv(m, PIECE);
        int height = Math.ceilDiv(strips, Math.min(strips, target)) * PIECE;
        int blocks = Math.ceilDiv(m, height);
        return new Split(panels, height, blocks, Math.min(panels, Math.ceilDiv(target, blocks)));
    }

    /** C = A · B (+ addend) (+ bias), in this order; an address of 0 stands for none. */
    void run(int m, int n, int depth, PieceSource left, PieceSource right, long addend, long bias, long c, int ldc) {
        if (m == 0 || n == 0) {
            return;
        }
        long rowBytes = Bf16Panels.rowBytes(depth);
        long panelBytes = Bf16Panels.panelBytes(depth);
        int panels = Bf16Panels.count(n);
        boolean laidA = left.laidOut() != 0;
        boolean laidB = right.laidOut() != 0;
        int panelsAtOnce = laidB ? panels : Math.clamp(groupBytes / panelBytes, 1, panels);
        int rowsAtOnce = laidA ? m : rowsAtOnce(m, rowBytes);
        try (ScratchPool.Scratch packedA = scratch.borrow(laidA ? 0 : (rowsAtOnce + TileSizes.TILE_ROWS) * rowBytes);
                ScratchPool.Scratch packedB = scratch.borrow(laidB ? 0 : panelsAtOnce * panelBytes)) {
            long a = laidA ? left.laidOut() : packedA.address();
            long b = laidB ? right.laidOut() : packedB.address();
            for (int from = 0; from < panels; from += panelsAtOnce) {
                int column = from * PIECE;
                int columns = Math.min(n - column, panelsAtOnce * PIECE);
                for (int row = 0; row < m; row += rowsAtOnce) {
                    int rows = Math.min(rowsAtOnce, m - row);
                    boolean wantsA = !laidA && (from == 0 || rows < m);
                    Part someA = wantsA
                            ? new Part(left, row, rows, from > 0, packedA.address(), rowBytes * PIECE)
                            : Part.NONE;
                    Part someB = laidB || row > 0
                            ? Part.NONE
                            : new Part(right, column, columns, false, packedB.address(), panelBytes);
                    long corner = ((long) row * ldc + column) * Float.BYTES;
                    long ownAddend = addend == 0 ? 0 : addend + corner;
                    long ownBias = bias == 0 ? 0 : bias + (long) column * Float.BYTES;
                    TileBlock block = new TileBlock(
                            products, sizes, scratch, columns, depth, a, b, ownAddend, ownBias, c + corner, ldc);
                    share(rows, someA, someB, block);
                }
            }
        }
    }

    private int rowsAtOnce(int m, long rowBytes) {
        return Math.clamp(groupBytes / rowBytes / PIECE * PIECE, PIECE, Math.ceilDiv(m, PIECE) * PIECE);
    }

    /** A block that is one task's lays out its rows of A itself: they are still in its cache then. */
    private void share(int m, Part a, Part b, TileBlock block) {
        Split split = split(m, block.n(), block.depth());
        boolean late = split.groups() == 1;
        layOut(late ? Part.NONE : a, b, block.depth());
        pool.run(split.groups() * split.blocks(), task -> {
            int group = task / split.blocks();
            int row = task % split.blocks() * split.height();
            int rows = Math.min(split.height(), m - row);
            if (late && a.count() > 0) {
                for (int piece = row / PIECE; piece < Math.ceilDiv(row + rows, PIECE); piece++) {
                    a.layOut(piece, scratch);
                }
            }
            int from = split.firstPanel(group);
            block.compute(row, rows, from, split.firstPanel(group + 1) - from);
        });
    }

    private void layOut(Part a, Part b, int depth) {
        int piecesA = a.pieces();
        int pieces = piecesA + b.pieces();
        boolean alone = (long) pieces * PIECE * depth < WORTH_SHARING_LAYOUT;
        int tasks = alone ? Math.min(1, pieces) : Math.min(pieces, TASKS_PER_THREAD * pool.threads());
        pool.run(tasks, task -> {
            for (int piece = task * pieces / tasks; piece < (task + 1) * pieces / tasks; piece++) {
                if (piece < piecesA) {
                    a.layOut(piece, scratch);
                } else {
                    b.layOut(piece - piecesA, scratch);
                }
            }
        });
    }

    /** Lays out all of B [depth, n]. */
    void layOutRight(int n, int depth, PieceSource right, long to) {
        layOut(Part.NONE, new Part(right, 0, n, false, to, Bf16Panels.panelBytes(depth)), depth);
    }

    /**
     * A · B, tile by tile to {@code task}, which may be called by several threads.
     *
     * @param a laid out, with memory for {@link TileSizes#TILE_ROWS} rows after the last
     * @param wholeRows whether tiles are of all columns
     */
    void run(int m, int n, int depth, long a, long b, boolean wholeRows, TileTask task) {
        if (m == 0 || n == 0) {
            return;
        }
        Split split = split(m, n, depth);
        int groups = wholeRows ? 1 : split.groups();
        Split used = new Split(split.panels(), split.height(), split.blocks(), groups);
        int width = wholeRows ? used.panels() : TASK_PANELS;
        pool.run(groups * used.blocks(), index -> {
            int group = index / used.blocks();
            int row = index % used.blocks() * used.height();
            int end = Math.min(m, row + used.height());
            int endPanel = used.firstPanel(group + 1);
            for (int panel = used.firstPanel(group); panel < endPanel; panel += width) {
                int panels = Math.min(width, endPanel - panel);
                columns(row, end, panel, panels, n, depth, a, b, task);
            }
        });
    }

    private void columns(int row, int end, int panel, int panels, int n, int depth, long a, long b, TileTask task) {
        int stride = panels * PIECE;
        int column = panel * PIECE;
        try (ScratchPool.Scratch tile = scratch.borrow((long) TileSizes.TILE_ROWS * stride * Float.BYTES)) {
            int kept;
            for (int at = row; at < end; at += kept) {
                int height = sizes.rowsFor(end - at, TileSizes.TILE_ROWS);
                kept = Math.min(height, end - at);
                long rows = a + at * Bf16Panels.rowBytes(depth);
                for (int done = 0; done < panels; ) {
                    int width = sizes.panelsFor(panels - done, TASK_PANELS);
                    long from = b + (panel + done) * Bf16Panels.panelBytes(depth);
                    long to = tile.address() + (long) done * PIECE * Float.BYTES;
                    products.get(new TileShape(height, width, depth, stride)).run(rows, from, to);
                    done += width;
                }
                task.take(at, kept, column, Math.min(stride, n - column), tile.address(), stride * 4L);
            }
        }
    }

    /** No product may be running or called any more. */
    @Override
    public void close() {
        products.close();
    }
}
