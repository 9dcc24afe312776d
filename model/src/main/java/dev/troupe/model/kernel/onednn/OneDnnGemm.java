package dev.troupe.model.kernel.onednn;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.gemm.GemmArguments;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.linear.LinearProducts;
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
 * Matrix products of operands that are rounded to bf16, with sums in float32; {@link TiledProduct} says how the work is
 * shared.
 *
 * <p>Bits: a tile sums in order of k whatever its size ({@link TileSizes} sees to that), so neither m, n, the threads
 * nor packing enter into an element.
 *
 * <p>Primitives live until {@link #close}, or until the garbage collector finds the kernels unreachable.
 */
public final class OneDnnGemm implements Gemm, AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final TiledProduct products;
    private final Cleaner.Cleanable owned;

    OneDnnGemm(ComputePool pool, ScratchPool scratch, TileSizes sizes) {
        this(pool, scratch, sizes, CacheSizes.machine());
    }

    OneDnnGemm(ComputePool pool, ScratchPool scratch, TileSizes sizes, CacheSizes caches) {
        TiledProduct tiled = new TiledProduct(pool, scratch, sizes, caches);
        this.products = tiled;
        this.owned = CLEANER.register(this, tiled::close);
    }

    /** Linear layers over operands in bf16; they share these primitives and keep them alive. */
    LinearProducts linear() {
        return new OneDnnLinear(this, products);
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
        run(
                m,
                n,
                new FloatRows(ta, k, a.address(), lda * 4L),
                new FloatColumns(!tb, k, b.address(), ldb * 4L),
                k,
                addend == null ? 0 : addend.address(),
                bias,
                c,
                ldc);
    }

    /** As {@link PromptWeight#multiply}: weights are unpacked to panels of bf16 each time. */
    void multiplyStored(
            int m, Tensor a, int lda, PackedWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        FloatRows left = new FloatRows(false, w.k(), a.address(), lda * 4L);
        run(m, w.n(), left, new StoredPanels(w), w.k(), accumulate ? c.address() : 0, bias, c, ldc);
    }

    private void run(
            int m,
            int n,
            PieceSource left,
            PieceSource right,
            int k,
            long addend,
            @Nullable Tensor bias,
            Tensor c,
            int ldc) {
        long biasRow = bias == null ? 0 : bias.address();
        try {
            products.run(m, n, Bf16Panels.depth(k), left, right, addend, biasRow, c.address(), ldc);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena) {
        GemmArguments.requireRight(transposeB, k, n, b, ldb);
        Tensor data = arena.allocate(packedFloats(k, n));
        FloatColumns right = new FloatColumns(transposeB == Transpose.NO, k, b.address(), ldb * 4L);
        products.layOutRight(n, Bf16Panels.depth(k), right, data.address());
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
        FloatRows left = new FloatRows(false, b.k(), a.address(), lda * 4L);
        PieceSource right = PieceSource.at(b.data().address());
        run(m, n, left, right, b.k(), accumulate ? c.address() : 0, bias, c, ldc);
    }

    /** Primitives that exist. */
    int primitives() {
        return products.primitives();
    }

    /** Frees the primitives; no product may be running or called any more. */
    @Override
    public void close() {
        owned.clean();
    }
}
