package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;
import static dev.troupe.model.kernel.vector.Lanes.LANES;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Panels;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.kernel.vector.Tiles;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products in the outer-product form over packed panels of B (Goto and van de Geijn, "Anatomy of
 * High-Performance Matrix Multiplication", 2008): B is packed by all threads, then the panels and blocks of rows of C
 * are shared among them. A is read in place, or packed in strips where it lies the other way round.
 *
 * <p>Bits: an element of C is the sum of blocks of {@link GemmBlock#DEPTH} products, each a chain of fused
 * multiply-adds in order of k. Neither m, n, the threads nor who packed B enter into it.
 */
public final class VectorGemm implements Gemm {
    /** Packed bytes of B that are worked on at once: a share of the outer cache. */
    private static final long PACKED_BYTES = 8L << 20;

    /** Below this many multiply-adds a second thread costs more than it saves. */
    private static final long WORTH_SHARING = 1 << 17;

    /** Rows of C from which packing B pays: each packed element is used once a tile of rows. */
    private static final int IN_PLACE_ROWS = 512;

    /**
     * Row length of a transposed A from which packing it pays: shorter rows do not crowd into few sets of the cache.
     */
    private static final int STRIPS_STRIDE = 256;

    private static final int TASKS_PER_THREAD = 4; // a thread that is held up leaves its share to the others

    private final ComputePool pool;
    private final ScratchPool scratch;

    public VectorGemm(ComputePool pool, ScratchPool scratch) {
        this.pool = pool;
        this.scratch = scratch;
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
        boolean ta = transposeA == Transpose.YES;
        boolean tb = transposeB == Transpose.YES;
        requireMatrix("a", a, ta ? k : m, ta ? m : k, lda);
        requireMatrix("b", b, tb ? n : k, tb ? k : n, ldb);
        requireMatrix("c", c, m, n, ldc);
        if (addend != null) {
            requireMatrix("addend", addend, m, n, ldc);
        }
        if (bias != null) {
            requireSize("bias", bias, n);
        }
        if (m == 0 || n == 0) {
            return;
        }
        boolean strips = ta && lda >= STRIPS_STRIDE;
        boolean inPlace = !tb && n % LANES == 0 && m <= IN_PLACE_ROWS;
        int group = inPlace ? Panels.count(n) : panelsAtOnce(k, n);
        long packedSize = inPlace ? 0 : Panels.size(k, Math.min(n, group * Tiles.COLUMNS)) * 4;
        try (ScratchPool.Scratch packedB = scratch.borrow(packedSize);
                ScratchPool.Scratch packedA = scratch.borrow(strips ? Strips.count(m) * Strips.bytes(k) : 0)) {
            if (strips) {
                packStrips(k, m, a.address(), lda * 4L, packedA.address());
            }
            for (int from = 0; from < Panels.count(n); from += group) {
                int column = from * Tiles.COLUMNS;
                int columns = Math.min(n - column, group * Tiles.COLUMNS);
                long first = b.address() + (tb ? (long) column * ldb : column) * 4;
                if (!inPlace) {
                    pack(tb, k, columns, first, ldb * 4L, packedB.address());
                }
                long rowA = ta ? 4 : lda * 4L;
                long stepA = ta ? lda * 4L : 4;
                GemmBlock block = new GemmBlock(
                        k,
                        columns,
                        strips ? packedA.address() : a.address(),
                        rowA,
                        strips ? GemmBlock.STRIP_ROWS * 4L : stepA,
                        strips ? Strips.bytes(k) : GemmBlock.STRIP_ROWS * rowA,
                        inPlace ? first : packedB.address(),
                        inPlace ? Tiles.COLUMNS * 4L : Panels.offset(k, 1),
                        inPlace ? ldb * 4L : 0,
                        addend == null ? 0 : addend.address() + column * 4L,
                        bias == null ? 0 : bias.address() + column * 4L,
                        c.address() + column * 4L,
                        ldc * 4L);
                share(m, columns, k, block);
            }
        }
    }

    private void packStrips(int k, int m, long a, long stride, long packed) {
        int tasks = (long) k * m < WORTH_SHARING / 8 ? 1 : Math.min(k, TASKS_PER_THREAD * pool.threads());
        pool.run(tasks, task -> {
            int from = (int) ((long) task * k / tasks);
            int to = (int) ((task + 1L) * k / tasks);
            Strips.pack(from, to, k, m, a, stride, packed);
        });
    }

    private static int panelsAtOnce(int k, int n) {
        long panelBytes = Math.max(1, Panels.offset(k, 1));
        return Math.clamp(PACKED_BYTES / panelBytes, 1, Panels.count(n));
    }

    @Override
    public PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena) {
        boolean tb = transposeB == Transpose.YES;
        requireMatrix("b", b, tb ? n : k, tb ? k : n, ldb);
        Tensor data = arena.allocate(Math.toIntExact(Panels.size(k, n)));
        pack(tb, k, n, b.address(), ldb * 4L, data.address());
        return new PackedMatrix(k, n, data);
    }

    @Override
    public void multiplyPacked(
            int m, Tensor a, int lda, PackedMatrix b, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        requireMatrix("a", a, m, b.k(), lda);
        requireSize("b", b.data(), Panels.size(b.k(), b.n()));
        requireMatrix("c", c, m, b.n(), ldc);
        if (bias != null) {
            requireSize("bias", bias, b.n());
        }
        if (m == 0 || b.n() == 0) {
            return;
        }
        GemmBlock block = new GemmBlock(
                b.k(),
                b.n(),
                a.address(),
                lda * 4L,
                4,
                GemmBlock.STRIP_ROWS * 4L * lda,
                b.data().address(),
                Panels.offset(b.k(), 1),
                0,
                accumulate ? c.address() : 0,
                bias == null ? 0 : bias.address(),
                c.address(),
                ldc * 4L);
        share(m, b.n(), b.k(), block);
    }

    private void pack(boolean transposed, int k, int n, long b, long stride, long packed) {
        int panels = Panels.count(n);
        int tasks = (long) k * n < WORTH_SHARING / 8 ? 1 : Math.min(panels, TASKS_PER_THREAD * pool.threads());
        pool.run(tasks, task -> {
            for (int panel = task * panels / tasks; panel < (task + 1) * panels / tasks; panel++) {
                int columns = Panels.columns(n, panel);
                long to = packed + Panels.offset(k, panel);
                long column = (long) panel * Tiles.COLUMNS;
                if (transposed) {
                    Panels.packColumns(k, columns, b + column * stride, stride, to);
                } else {
                    Panels.packRows(k, columns, b + column * 4, stride, to);
                }
            }
        });
    }

    /** Splits C into groups of panels by blocks of rows. */
    private void share(int m, int n, int k, GemmBlock block) {
        int panels = Panels.count(n);
        boolean alone = pool.threads() == 1 || (long) m * n * k < WORTH_SHARING;
        int target = alone ? 1 : TASKS_PER_THREAD * pool.threads();
        int groups = Math.min(panels, target);
        int wanted = Math.max((target + groups - 1) / groups, (m + GemmBlock.ROWS - 1) / GemmBlock.ROWS);
        int strips = (m + GemmBlock.STRIP_ROWS - 1) / GemmBlock.STRIP_ROWS;
        int height = (strips + wanted - 1) / wanted * GemmBlock.STRIP_ROWS;
        int blocks = (m + height - 1) / height;
        pool.run(groups * blocks, task -> {
            int group = task / blocks;
            int row = task % blocks * height;
            int rows = Math.min(height, m - row);
            for (int panel = group * panels / groups; panel < (group + 1) * panels / groups; panel++) {
                try (ScratchPool.Scratch strip = scratch.borrow(GemmBlock.STRIP_BYTES)) {
                    block.compute(panel, row, rows, strip.address());
                }
            }
        });
    }
}
