package dev.troupe.gpu.gemm;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.gemm.GemmArguments;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Matrix products on the device. Packing lays B out as [k, n]. */
public final class TornadoGemm implements Gemm {
    /** Up to this many rows, B is read from memory once or twice and not kept in local memory. */
    private static final int MOST_FEW_ROWS = 2 * GemmKernels.ROWS;

    private final DeviceMemory memory;

    public TornadoGemm(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(GemmKernels.TILED, GemmKernels.FEW_ROWS, TransposeKernel.TRANSPOSE);
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
        GemmArguments.requireProduct(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, addend, bias);
        boolean fewRows = m <= MOST_FEW_ROWS && !tb;
        Launch launch = new Launch(fewRows ? GemmKernels.FEW_ROWS : GemmKernels.TILED)
                .put(m, n, k)
                .read(a)
                .put(lda)
                .put(ta)
                .read(b)
                .put(ldb)
                .put(tb)
                .update(c)
                .put(ldc)
                .readIfPresent(addend)
                .readIfPresent(bias);
        if (fewRows) {
            launch.groups(ceilDiv(n, GemmKernels.FEW_ROWS.localX()), ceilDiv(m, GemmKernels.ROWS));
        } else {
            launch.groups(ceilDiv(n, GemmKernels.TILE), ceilDiv(m, GemmKernels.TILE));
        }
        memory.launch(launch);
    }

    /** As {@link #multiplyAdd}, for many rows and a B [k, n] in scratch memory. */
    public void multiplyScratch(
            int m,
            int n,
            int k,
            Tensor a,
            int lda,
            DeviceMemory.Scratch b,
            Tensor c,
            int ldc,
            @Nullable Tensor addend,
            @Nullable Tensor bias) {
        memory.launch(new Launch(GemmKernels.TILED)
                .groups(ceilDiv(n, GemmKernels.TILE), ceilDiv(m, GemmKernels.TILE))
                .put(m, n, k)
                .read(a)
                .put(lda)
                .put(false)
                .put(b.address(), n)
                .put(false)
                .update(c)
                .put(ldc)
                .readIfPresent(addend)
                .readIfPresent(bias));
    }

    @Override
    public PackedMatrix pack(Transpose transposeB, int k, int n, Tensor b, int ldb, TensorArena arena) {
        boolean tb = transposeB == Transpose.YES;
        GemmArguments.requireRight(transposeB, k, n, b, ldb);
        Tensor data = arena.allocate(k, n);
        memory.launch(new Launch(TransposeKernel.TRANSPOSE)
                .groups(ceilDiv(n, TransposeKernel.SIDE), ceilDiv(k, TransposeKernel.SIDE))
                .put(k, n)
                .read(b)
                .put(ldb)
                .put(tb)
                .overwrite(data));
        return new PackedMatrix(k, n, data);
    }

    @Override
    public void multiplyPacked(
            int m, Tensor a, int lda, PackedMatrix b, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        Tensor addend = accumulate ? c : null;
        multiplyAdd(Transpose.NO, Transpose.NO, m, b.n(), b.k(), a, lda, b.data(), b.n(), c, ldc, addend, bias);
    }

    private static int ceilDiv(int count, int size) {
        return Math.ceilDiv(count, size);
    }
}
