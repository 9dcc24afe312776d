package dev.troupe.gpu.quantized;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.gemm.TornadoGemm;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.WeightLayout;
import dev.troupe.model.kernel.quantized.WeightProduct;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products with stored weights on the device, with the bits that {@link TornadoGemm} gives for the same weights in
 * float32. Few rows read the weights as they are stored; for many, which reuse them, they are first unpacked.
 */
public final class TornadoWeightProduct implements WeightProduct {
    private static final int MOST_FEW_ROWS = 2 * FewRowsKernels.ROWS;

    /** Elements that are unpacked at once, so that memory for them stays small beside the weights. */
    private static final int MOST_UNPACKED = 1 << 24;

    private final DeviceMemory memory;
    private final TornadoGemm gemm;
    private final float[] floats = new float[DeviceKernel.SMALL_FLOATS];

    public TornadoWeightProduct(DeviceMemory memory, TornadoGemm gemm) {
        this.memory = memory;
        this.gemm = gemm;
        StoredNumbers.fill(floats);
    }

    /** What this operation launches, beside float32 products. */
    public static List<DeviceKernel> kernels() {
        return List.of(
                WeightNumbers.UNPACK,
                FewRowsKernels.HALVES,
                FewRowsKernels.BYTES,
                FewRowsKernels.NIBBLES,
                FewRowsKernels.SIX_BITS);
    }

    @Override
    public WeightLayout layout() {
        return WeightLayout.DEVICE;
    }

    @Override
    public PackedWeight pack(WeightRows source, LayoutMemory memory) {
        try (Arena working = Arena.ofConfined()) {
            MemorySegment rows = source.readFinite(0, source.n(), working);
            return packed(source.type(), source.n(), source.k(), rows, memory.arena());
        }
    }

    private static PackedWeight packed(StorageType type, int n, int k, MemorySegment rows, TensorArena arena) {
        Tensor tensor = type == StorageType.F32
                ? arena.allocate(k, n)
                : arena.allocate(Math.multiplyExact(WordLayout.rowWords(type, k), n));
        MemorySegment data = tensor.block().segment();
        if (type == StorageType.F32) {
            for (int j = 0; j < n; j++) {
                for (int p = 0; p < k; p++) {
                    int bits = rows.get(ValueLayout.JAVA_INT_UNALIGNED, ((long) j * k + p) * 4);
                    data.setAtIndex(ValueLayout.JAVA_INT, (long) p * n + j, bits);
                }
            }
        } else {
            WordLayout.pack(type, n, k, rows, data);
        }
        return new PackedWeight(type, n, k, data, tensor);
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, PackedWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        Tensor weight = w.tensor();
        if (weight == null) {
            throw new IllegalArgumentException("the weight was packed by another provider");
        }
        Tensor addend = accumulate ? c : null;
        if (w.type() == StorageType.F32 || w.k() == 0) {
            gemm.multiplyPacked(m, a, lda, new PackedMatrix(w.k(), w.n(), weight), bias, c, ldc, accumulate);
        } else if (m <= MOST_FEW_ROWS) {
            DeviceKernel kernel = FewRowsKernels.of(w.type());
            memory.launch(new Launch(kernel)
                    .groups(Math.ceilDiv(w.n(), kernel.localX()), Math.ceilDiv(m, FewRowsKernels.ROWS))
                    .put(m, w.n(), w.k())
                    .read(a)
                    .put(lda)
                    .readWords(weight)
                    .update(c)
                    .put(ldc)
                    .readIfPresent(addend)
                    .readIfPresent(bias)
                    .put(WeightNumbers.number(w.type()))
                    .floats(floats));
        } else {
            multiplyUnpacked(m, a, lda, w, weight, bias, c, ldc, addend);
        }
    }

    private void multiplyUnpacked(
            int m,
            Tensor a,
            int lda,
            PackedWeight w,
            Tensor weight,
            @Nullable Tensor bias,
            Tensor c,
            int ldc,
            @Nullable Tensor addend) {
        int most = Math.max(1, MOST_UNPACKED / w.k());
        for (int first = 0; first < w.n(); first += most) {
            int columns = Math.min(most, w.n() - first);
            long elements = (long) columns * w.k();
            try (DeviceMemory.Scratch unpacked = memory.scratch(elements)) {
                memory.launch(new Launch(WeightNumbers.UNPACK)
                        .items(elements)
                        .readWords(weight)
                        .put(w.n(), w.k(), WeightNumbers.number(w.type()), first, columns, unpacked.address())
                        .floats(floats));
                int end = (m - 1) * ldc + columns;
                Tensor part = c.view(first, end);
                gemm.multiplyScratch(
                        m,
                        columns,
                        w.k(),
                        a,
                        lda,
                        unpacked,
                        part,
                        ldc,
                        addend == null ? null : part,
                        bias == null ? null : bias.view(first, columns));
            }
        }
    }
}
