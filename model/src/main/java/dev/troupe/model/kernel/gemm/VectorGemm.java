package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;
import static dev.troupe.model.kernel.gemm.GemmTile.COLUMNS;
import static dev.troupe.model.kernel.gemm.GemmTile.DEPTH;
import static dev.troupe.model.kernel.gemm.GemmTile.ROWS;
import static dev.troupe.model.kernel.gemm.GemmTile.ROW_B;

import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.kernel.activation.ActivationRows;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products in the outer-product form over packed strips of A and panels of B (Goto and van de Geijn, "Anatomy of
 * High-Performance Matrix Multiplication", 2008). With many rows, B is packed by all threads and each task packs and
 * multiplies a block of rows, which stays in its core's cache while the panels pass by. With few rows it is the other
 * way round: A is packed by all, and each task packs and multiplies some columns of B, piece by piece.
 *
 * <p>Bits: an element of C is the sum of blocks of {@link GemmTile#DEPTH} products, each a chain of fused multiply-adds
 * in order of k. Neither m, n, the threads nor who packed what enter into it.
 */
public final class VectorGemm implements Gemm {
    /** Below this many multiply-adds a second thread costs more than it saves. */
    private static final long WORTH_SHARING = 1 << 17;

    /** Up to so many rows A is packed as a whole, and up to so many where B is wide and packing it would cost more. */
    private static final int FEW_ROWS = 12 * ROWS;

    private static final int FEW_ROWS_OF_WIDE = 32 * ROWS;

    /**
     * Values of k that a product goes over at once. Longer sums, as those over a vocabulary, are made span by span:
     * then the panels of many columns fit the cache together, and A is not packed anew for every few of them.
     */
    private static final int SPAN = 8 * DEPTH;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final GemmBlocking blocking;

    /** Products that share their work over {@code pool}. */
    public VectorGemm(ComputePool pool, ScratchPool scratch) {
        this(pool, scratch, CacheSizes.machine());
    }

    /** Products for a processor with these caches. */
    VectorGemm(ComputePool pool, ScratchPool scratch, CacheSizes caches) {
        this.pool = pool;
        this.scratch = scratch;
        this.blocking = GemmBlocking.of(caches);
    }

    /** Something to do with rows that are complete, on the thread that completed them. */
    @FunctionalInterface
    private interface RowTask {
        RowTask NONE = (row, rows) -> {};

        void run(int row, int rows);
    }

    /** A matrix as it is stored: address of its first element, bytes from row to row. */
    private record Stored(boolean transposed, long address, long stride) {
        static Stored of(Transpose transpose, Tensor matrix, int leading) {
            return new Stored(transpose == Transpose.YES, matrix.address(), leading * 4L);
        }

        /** The matrix from a row of it on, as it is used. */
        Stored fromRow(int row) {
            return new Stored(transposed, at(row, 0), stride);
        }

        /** The matrix from a column of it on, as it is used. */
        Stored fromColumn(int column) {
            return new Stored(transposed, at(0, column), stride);
        }

        /** Address of an element of the matrix as it is used. */
        long at(long row, long column) {
            return transposed ? address + column * stride + row * 4 : address + row * stride + column * 4;
        }
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
        multiply(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, addend, bias, RowTask.NONE);
    }

    @Override
    public void multiplyActivate(
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
            @Nullable Tensor bias,
            Epilogue epilogue,
            Tensor out,
            Activation activation) {
        if (fewRows(m, n)) { // C is small, and its rows are complete only when all of it is
            multiplyAdd(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, n, null, bias);
            epilogue.apply(activation, m, n, c, out);
            return;
        }
        int width = epilogue.width(n);
        requireMatrix("out", out, m, width, width);
        RowTask activate = (row, rows) -> {
            for (long r = row; r < row + rows; r++) {
                long from = c.address() + r * n * 4;
                long to = out.address() + r * width * 4;
                switch (epilogue) {
                    case GELU -> ActivationRows.gelu(width, from, to);
                    case SWIGLU -> ActivationRows.swiglu(width, from, to);
                }
            }
        };
        multiply(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, n, null, bias, activate);
    }

    /** {@link #multiplyAdd}; with many rows, {@code then} is run on them as they are complete. */
    private void multiply(
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
            @Nullable Tensor bias,
            RowTask then) {
        GemmArguments.requireProduct(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, addend, bias);
        Stored left = Stored.of(transposeA, a, lda);
        Stored right = Stored.of(transposeB, b, ldb);
        for (int from = 0; from < k || from == 0; from += SPAN) {
            int depth = Math.min(SPAN, k - from);
            boolean last = from + depth >= k;
            long base = from > 0 ? c.address() : addend == null ? 0 : addend.address();
            long row = last && bias != null ? bias.address() : 0;
            GemmBlock block = new GemmBlock(depth, base, row, c.address(), ldc * 4L);
            span(m, n, left.fromColumn(from), right.fromRow(from), block, last ? then : RowTask.NONE);
        }
    }

    private void span(int m, int n, Stored left, Stored right, GemmBlock block, RowTask then) {
        int k = block.k();
        if (fewRows(m, n)) {
            byPanels(m, n, left, right, 0, block);
            return;
        }
        int panels = RightPanels.count(n);
        int groups = (int) Math.max(1, Math.ceilDiv(panels * RightPanels.bytes(k), blocking.packedBytes()));
        int group = Math.ceilDiv(panels, Math.min(groups, Math.max(1, panels))); // of equal size: each packs A anew
        try (ScratchPool.Scratch packed = scratch.borrow(group * RightPanels.bytes(k))) {
            for (int first = 0; first < panels; first += group) {
                int end = Math.min(panels, first + group);
                packPanels(first, end, n, k, right, packed.address());
                byRows(m, n, left, first, end, packed.address(), block, end == panels ? then : RowTask.NONE);
            }
        }
    }

    @Override
    public PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena) {
        GemmArguments.requireRight(transposeB, k, n, b, ldb);
        Tensor data = arena.allocate(Math.toIntExact(RightPanels.size(k, n)));
        packPanels(0, RightPanels.count(n), n, k, Stored.of(transposeB, b, ldb), data.address());
        return new PackedMatrix(k, n, data);
    }

    @Override
    public void multiplyPacked(
            int m, Tensor a, int lda, PackedMatrix b, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        requireMatrix("a", a, m, b.k(), lda);
        requireSize("b", b.data(), RightPanels.size(b.k(), b.n()));
        requireMatrix("c", c, m, b.n(), ldc);
        if (bias != null) {
            requireSize("bias", bias, b.n());
        }
        GemmBlock block = new GemmBlock(
                b.k(), accumulate ? c.address() : 0, bias == null ? 0 : bias.address(), c.address(), ldc * 4L);
        Stored left = Stored.of(Transpose.NO, a, lda);
        long packed = b.data().address();
        if (fewRows(m, b.n())) {
            byPanels(m, b.n(), left, null, packed, block);
        } else {
            byRows(m, b.n(), left, 0, RightPanels.count(b.n()), packed, block, RowTask.NONE);
        }
    }

    private void packPanels(int first, int end, int n, int k, Stored b, long packed) {
        int panels = end - first;
        int tasks = tasks(panels, 8L * panels * COLUMNS * k);
        pool.run(tasks, task -> {
            for (int p = task * panels / tasks; p < (task + 1) * panels / tasks; p++) {
                int columns = RightPanels.columns(n, first + p);
                long from = b.at(0, (first + p) * (long) COLUMNS);
                RightPanels.pack(b.transposed(), columns, k, from, b.stride(), packed + p * RightPanels.bytes(k));
            }
        });
    }

    private static boolean fewRows(int m, int n) {
        return m <= FEW_ROWS || (m <= FEW_ROWS_OF_WIDE && n >= 2 * m);
    }

    /** Tasks that {@code work} multiply-adds, or moves of as long, are worth. */
    private int tasks(int most, long work) {
        boolean alone = pool.threads() == 1 || work < WORTH_SHARING;
        return Math.min(most, alone ? 1 : TASKS_PER_THREAD * pool.threads());
    }

    /** Panels [first, end) of B, packed from the first of them on, by blocks of rows. */
    private void byRows(int m, int n, Stored a, int first, int end, long packed, GemmBlock block, RowTask then) {
        int strips = LeftStrips.count(m);
        int threads = pool.threads();
        int blocks = Math.min(strips, Math.ceilDiv(Math.ceilDiv(strips, blocking.strips()), threads) * threads);
        pool.run(blocks, task -> {
            int row = (int) ((long) task * strips / blocks) * ROWS;
            int rows = Math.min(m, (int) ((task + 1L) * strips / blocks) * ROWS) - row;
            rowBlock(m, n, row, rows, a, first, end, packed, block);
            then.run(row, rows);
        });
    }

    private void rowBlock(int m, int n, int row, int rows, Stored a, int first, int end, long packed, GemmBlock block) {
        int k = block.k();
        int most = Math.min(k, blocking.depth());
        long bytesA = LeftStrips.count(rows) * LeftStrips.bytes(most);
        try (ScratchPool.Scratch work = scratch.borrow(GemmBlock.workBytes(rows) + bytesA)) {
            long strips = work.address() + GemmBlock.workBytes(rows);
            for (int from = 0; from < k || from == 0; from += blocking.depth()) {
                int depth = Math.min(blocking.depth(), k - from);
                LeftStrips.pack(a.transposed(), rows, m - row, depth, a.at(row, from), a.stride(), strips);
                for (int panel = first; panel < end; panel++) {
                    long piece = packed + (panel - first) * RightPanels.bytes(k) + from * ROW_B;
                    int columns = RightPanels.columns(n, panel);
                    block.compute(row, rows, panel * COLUMNS, columns, from, depth, strips, piece, work.address());
                }
            }
        }
    }

    /** All rows at once, by groups of panels, which lie at {@code packed} or are packed from B one by one. */
    private void byPanels(int m, int n, Stored a, @Nullable Stored b, long packed, GemmBlock block) {
        int k = block.k();
        int panels = RightPanels.count(n);
        int strips = LeftStrips.count(m);
        if (strips == 0 || panels == 0) {
            return;
        }
        try (ScratchPool.Scratch packedA = scratch.borrow(strips * LeftStrips.bytes(k))) {
            long left = packedA.address();
            int packers = tasks(strips, 8L * m * k);
            pool.run(packers, task -> {
                int row = task * strips / packers * ROWS;
                int rows = Math.min(m, (task + 1) * strips / packers * ROWS) - row;
                long to = left + row / ROWS * LeftStrips.bytes(k);
                LeftStrips.pack(a.transposed(), rows, m - row, k, a.at(row, 0), a.stride(), to);
            });
            int tasks = tasks(panels, (long) m * n * k);
            pool.run(tasks, task -> {
                int first = task * panels / tasks;
                int end = (task + 1) * panels / tasks;
                panelGroup(m, n, first, end, left, b, packed, block);
            });
        }
    }

    private void panelGroup(
            int m, int n, int first, int end, long strips, @Nullable Stored b, long packed, GemmBlock block) {
        int k = block.k();
        long bytesB = b == null ? 0 : RightPanels.bytes(k);
        try (ScratchPool.Scratch work = scratch.borrow(GemmBlock.workBytes(m) + bytesB)) {
            for (int panel = first; panel < end; panel++) {
                int columns = RightPanels.columns(n, panel);
                int column = panel * COLUMNS;
                long at = packed + panel * RightPanels.bytes(k);
                if (b != null) {
                    at = work.address() + GemmBlock.workBytes(m);
                    RightPanels.pack(b.transposed(), columns, k, b.at(0, column), b.stride(), at);
                }
                block.compute(0, m, column, columns, 0, k, strips, at, work.address());
            }
        }
    }
}
