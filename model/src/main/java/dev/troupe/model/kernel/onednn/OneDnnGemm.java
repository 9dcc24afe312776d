package dev.troupe.model.kernel.onednn;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.gemm.GemmArguments;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products of operands that are rounded to bf16, with sums in float32. All threads round and lay out the
 * operands, then share the tiles of C; each tile is one call of oneDNN on the thread that makes it.
 *
 * <p>Bits: a tile sums in order of k whatever its size ({@link TileSizes} sees to that), so neither m, n, the threads
 * nor packing enter into an element.
 *
 * <p>Primitives live until {@link #close}, or until the garbage collector finds the kernels unreachable.
 */
public final class OneDnnGemm implements Gemm, AutoCloseable {
    /** Bytes of an operand that are laid out at once: a share of the outer cache. */
    private static final long GROUP_BYTES = 8L << 20;

    /** Below this many multiply-adds a second thread costs more than it saves. */
    private static final long WORTH_SHARING = 1 << 18;

    /** The same for elements to lay out. */
    private static final long WORTH_SHARING_LAYOUT = 1 << 14;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    private static final int MOST_ROWS = TileSizes.MOST_ROWS;

    /** Rows that are laid out as a piece, and begin a block. */
    private static final int STRIP = 64;

    private static final Cleaner CLEANER = Cleaner.create();

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final TileSizes sizes;
    private final TileProducts products = new TileProducts(TileType.BF16);
    private final Cleaner.Cleanable owned;

    OneDnnGemm(ComputePool pool, ScratchPool scratch, TileSizes sizes) {
        this.pool = pool;
        this.scratch = scratch;
        this.sizes = sizes;
        TileProducts primitives = products;
        this.owned = CLEANER.register(this, primitives::close);
    }

    @Override
    public void multiplyAdd(
            Transpose transposeA,
            Transpose transposeB,
            int m,
            int n,
            int k,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c,
            int ldc,
            @Nullable Tensor addend,
            @Nullable Tensor bias) {
        boolean tb = transposeB == Transpose.YES;
        boolean ta = transposeA == Transpose.YES;
        GemmArguments.requireProduct(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, addend, bias);
        Operand left = new Operand(ta, k, a.address(), lda * 4L);
        Operand right = new Operand(tb, k, b.address(), ldb * 4L);
        product(
                m,
                n,
                left,
                (column, columns, depth, to) -> new OperandPanels(right, column, columns, depth, to),
                addend == null ? 0 : addend.address(),
                bias == null ? 0 : bias.address(),
                c.address(),
                ldc);
    }

    /** As {@link PromptWeight#multiply}: weights are unpacked to panels of bf16 each time. */
    void multiplyStored(
            int m, Tensor a, int lda, PackedWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        product(
                m,
                w.n(),
                new Operand(false, w.k(), a.address(), lda * 4L),
                (column, columns, depth, to) -> new StoredPanels(w, column, columns, depth, to),
                accumulate ? c.address() : 0,
                bias == null ? 0 : bias.address(),
                c.address(),
                ldc);
    }

    private void product(int m, int n, Operand left, PanelSource right, long addend, long bias, long c, int ldc) {
        if (m == 0 || n == 0) {
            return;
        }
        int depth = Bf16Panels.depth(left.k());
        int panels = Bf16Panels.count(n);
        int panelsAtOnce = Math.clamp(GROUP_BYTES / Bf16Panels.panelBytes(depth), 1, panels);
        int rowsAtOnce = rowsAtOnce(m, depth);
        try (ScratchPool.Scratch packedA = scratch.borrow((rowsAtOnce + MOST_ROWS) * Bf16Panels.rowBytes(depth));
                ScratchPool.Scratch packedB = scratch.borrow(panelsAtOnce * Bf16Panels.panelBytes(depth))) {
            for (int from = 0; from < panels; from += panelsAtOnce) {
                int count = Math.min(panelsAtOnce, panels - from);
                int column = from * Bf16Panels.COLUMNS;
                int columns = Math.min(n - column, count * Bf16Panels.COLUMNS);
                for (int row = 0; row < m; row += rowsAtOnce) {
                    int rows = Math.min(rowsAtOnce, m - row);
                    Rows someA = new Rows(left, row, from == 0 || rows < m ? rows : 0, depth, packedA.address());
                    Panels someB = right.panels(column, row == 0 ? columns : 0, depth, packedB.address());
                    long corner = ((long) row * ldc + column) * 4;
                    share(
                            rows,
                            columns,
                            someA,
                            someB,
                            block(
                                    columns,
                                    depth,
                                    packedA.address(),
                                    packedB.address(),
                                    addend == 0 ? 0 : addend + corner,
                                    bias == 0 ? 0 : bias + column * 4L,
                                    c + corner,
                                    ldc));
                }
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private static int rowsAtOnce(int m, int depth) {
        long fitting = GROUP_BYTES / Bf16Panels.rowBytes(depth) / STRIP * STRIP;
        return Math.clamp(fitting, STRIP, Math.ceilDiv(m, STRIP) * STRIP);
    }

    private TileBlock block(int n, int depth, long a, long b, long addend, long bias, long c, int rowC) {
        return new TileBlock(products, sizes, scratch, n, depth, a, b, addend, bias, c, rowC);
    }

    /** A stored matrix of which a dimension is k; {@code turned} when the other dimension lies along its rows. */
    private record Operand(boolean turned, int k, long address, long stride) {
        long at(long outer, boolean alongRows) {
            return address + outer * (alongRows ? 4 : stride);
        }
    }

    /** Rows of A to lay out, perhaps none. */
    private record Rows(Operand a, int first, int count, int depth, long to) {
        int pieces() {
            return Math.ceilDiv(count, STRIP);
        }

        void layOut(int piece, ScratchPool scratch) {
            int from = piece * STRIP;
            int rows = Math.min(STRIP, count - from);
            long source = a.at(first + from, a.turned());
            long target = to + from * Bf16Panels.rowBytes(depth);
            if (!a.turned()) {
                Bf16Panels.rows(rows, a.k(), depth, source, a.stride(), target);
                return;
            }
            try (ScratchPool.Scratch between = scratch.borrow(Bf16Panels.turningBytes(depth))) {
                Bf16Panels.rowsOfColumns(rows, a.k(), depth, source, a.stride(), between.address(), target);
            }
        }
    }

    /** Columns of B to lay out, perhaps none; a piece is a panel. */
    interface Panels {
        int pieces();

        int depth();

        void layOut(int panel, ScratchPool scratch);
    }

    /** Where columns of B come from. */
    private interface PanelSource {
        Panels panels(int column, int columns, int depth, long to);
    }

    /** Columns of a float32 matrix. */
    private record OperandPanels(Operand b, int first, int columns, int depth, long to) implements Panels {
        @Override
        public int pieces() {
            return Bf16Panels.count(columns);
        }

        @Override
        public void layOut(int panel, ScratchPool scratch) {
            int from = panel * Bf16Panels.COLUMNS;
            int count = Math.min(Bf16Panels.COLUMNS, columns - from);
            long source = b.at(first + from, !b.turned());
            long target = to + panel * Bf16Panels.panelBytes(depth);
            if (!b.turned()) {
                Bf16Panels.panel(count, b.k(), depth, source, b.stride(), target);
                return;
            }
            try (ScratchPool.Scratch between = scratch.borrow(Bf16Panels.turningBytes(depth))) {
                Bf16Panels.panelOfColumns(count, b.k(), depth, source, b.stride(), between.address(), target);
            }
        }
    }

    /** The panels of B, and so many pieces of A. */
    private void layOut(int piecesA, Rows a, Panels b) {
        int pieces = piecesA + b.pieces();
        boolean alone = (long) pieces * STRIP * b.depth() < WORTH_SHARING_LAYOUT;
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

    @Override
    public PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena) {
        boolean tb = transposeB == Transpose.YES;
        GemmArguments.requireRight(transposeB, k, n, b, ldb);
        int depth = Bf16Panels.depth(k);
        Tensor data = arena.allocate(packedFloats(k, n));
        Operand right = new Operand(tb, k, b.address(), ldb * 4L);
        layOut(0, new Rows(right, 0, 0, depth, 0), new OperandPanels(right, 0, n, depth, data.address()));
        return new PackedMatrix(k, n, data);
    }

    private static int packedFloats(int k, int n) {
        return Math.toIntExact(Bf16Panels.count(n) * Bf16Panels.panelBytes(Bf16Panels.depth(k)) / Float.BYTES);
    }

    @Override
    public void multiplyPacked(
            int m, Tensor a, int lda, PackedMatrix b, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        int n = b.n();
        requireMatrix("a", a, m, b.k(), lda);
        requireSize("b", b.data(), packedFloats(b.k(), n));
        requireMatrix("c", c, m, n, ldc);
        if (bias != null) {
            requireSize("bias", bias, n);
        }
        if (m == 0 || n == 0) {
            return;
        }
        int depth = Bf16Panels.depth(b.k());
        Operand left = new Operand(false, b.k(), a.address(), lda * 4L);
        int rowsAtOnce = rowsAtOnce(m, depth);
        try (ScratchPool.Scratch packedA = scratch.borrow((rowsAtOnce + MOST_ROWS) * Bf16Panels.rowBytes(depth))) {
            for (int row = 0; row < m; row += rowsAtOnce) {
                int rows = Math.min(rowsAtOnce, m - row);
                Rows someA = new Rows(left, row, rows, depth, packedA.address());
                Panels none = new OperandPanels(left, 0, 0, depth, 0);
                long corner = (long) row * ldc * Float.BYTES;
                share(
                        rows,
                        n,
                        someA,
                        none,
                        block(
                                n,
                                depth,
                                packedA.address(),
                                b.data().address(),
                                accumulate ? c.address() + corner : 0,
                                bias == null ? 0 : bias.address(),
                                c.address() + corner,
                                ldc));
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Lays out what is to be laid out, and splits C into blocks of rows and, where these are too few for all threads,
     * groups of panels. A block that is one task's lays out its rows of A itself: they are still in its cache then.
     */
    private void share(int m, int n, Rows a, Panels b, TileBlock block) {
        int panels = Bf16Panels.count(n);
        boolean alone = pool.threads() == 1 || (long) m * n * block.depth() < WORTH_SHARING;
        int target = alone ? 1 : TASKS_PER_THREAD * pool.threads();
        int strips = Math.ceilDiv(m, STRIP);
        int height = Math.ceilDiv(strips, Math.min(strips, target)) * STRIP;
        int blocks = Math.ceilDiv(m, height);
        int groups = Math.min(panels, Math.ceilDiv(target, blocks));
        boolean late = groups == 1;
        layOut(late ? 0 : a.pieces(), a, b);
        pool.run(groups * blocks, task -> {
            int group = task / blocks;
            int row = task % blocks * height;
            int rows = Math.min(height, m - row);
            if (late && a.count() > 0) {
                for (int piece = row / STRIP; piece < Math.ceilDiv(row + rows, STRIP); piece++) {
                    a.layOut(piece, scratch);
                }
            }
            int from = group * panels / groups;
            block.compute(row, rows, from, (group + 1) * panels / groups - from);
        });
    }

    /** Primitives that exist. */
    int primitives() {
        return products.count();
    }

    /** Frees the primitives; no product may be running or called any more. */
    @Override
    public void close() {
        owned.clean();
    }
}
