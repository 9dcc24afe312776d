package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The reference: a row of weights is read, then multiplied with every row of A, all read before. Packed is as stored.
 */
public final class ScalarWeightProduct implements WeightProduct {
    @Override
    public WeightLayout layout() {
        return WeightLayout.ROWS;
    }

    @Override
    public PackedWeight pack(WeightRows rows, LayoutMemory memory) {
        long bytes = rows.n() * rows.rowBytes();
        MemorySegment data = memory.lay("rows." + rows.type(), bytes, to -> {
            MemorySegment read = rows.readFinite(0, rows.n(), SegmentAllocator.prefixAllocator(to));
            if (read.address() != to.address()) {
                to.copyFrom(read);
            }
        });
        return new PackedWeight(rows.type(), rows.n(), rows.k(), data);
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, PackedWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        float[][] rows = new float[m][];
        for (int i = 0; i < m; i++) {
            rows[i] = a.toArray((long) i * lda, w.k());
        }
        long rowBytes = w.type().bytes(w.k());
        Dequantization row = new Dequantization(w.type(), w.k());
        for (int j = 0; j < w.n(); j++) {
            float[] weights = row.read(w.k(), w.data().asSlice(j * rowBytes, rowBytes));
            for (int i = 0; i < m; i++) {
                long at = (long) i * ldc + j;
                float sum = 0;
                for (int from = 0; from == 0 || from < w.k(); from += DEPTH) {
                    float chain = chain(rows[i], weights, from, Math.min(w.k(), from + DEPTH));
                    sum = from > 0 ? sum + chain : accumulate ? c.get(at) + chain : chain;
                }
                c.set(at, bias == null ? sum : sum + bias.get(j));
            }
        }
    }

    private static float chain(float[] row, float[] weights, int from, int to) {
        float chain = 0;
        for (int p = from; p < to; p++) {
            chain = Math.fma(row[p], weights[p], chain);
        }
        return chain;
    }
}
