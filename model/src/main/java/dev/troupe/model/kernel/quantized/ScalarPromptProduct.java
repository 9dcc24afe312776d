package dev.troupe.model.kernel.quantized;

import dev.troupe.model.kernel.vector.Bf16Lanes;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/** The reference of products in bf16: what weights stand for is rounded, then multiplied with rounded rows of A. */
public final class ScalarPromptProduct implements PromptProduct {
    @Override
    public PromptWeight lay(PackedWeight packed, WeightRows rows, LayoutMemory memory) {
        TensorArena arena = memory.arena();
        int n = rows.n();
        int k = rows.k();
        Tensor weights = arena.allocate(n, k);
        MemorySegment stored = rows.read(0, n, (bytes, alignment) -> arena.allocateBytes(bytes));
        Dequantization.read(rows.type(), weights.size(), stored, weights.segment());
        for (int j = 0; j < n; j++) {
            Tensor row = weights.view((long) j * k, k);
            row.copyFrom(round(row));
        }
        return (m, a, lda, bias, c, ldc, accumulate) -> {
            packed.requireProduct(m, a, lda, bias, c, ldc);
            float[][] rounded = new float[m][];
            for (int i = 0; i < m; i++) {
                rounded[i] = round(a.view((long) i * lda, k));
            }
            for (int j = 0; j < n; j++) {
                float[] row = weights.toArray((long) j * k, k);
                for (int i = 0; i < m; i++) {
                    long at = (long) i * ldc + j;
                    float sum = accumulate ? c.get(at) : 0;
                    float product = 0;
                    for (int p = 0; p < k; p++) {
                        product = Math.fma(rounded[i][p], row[p], product);
                    }
                    c.set(at, sum + product + (bias == null ? 0 : bias.get(j)));
                }
            }
        };
    }

    private static float[] round(Tensor of) {
        float[] rounded = of.toArray();
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = Bf16Lanes.round(rounded[i]);
        }
        return rounded;
    }
}
