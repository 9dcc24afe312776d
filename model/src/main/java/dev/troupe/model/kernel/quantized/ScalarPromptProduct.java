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
        MemorySegment stored = rows.read(0, n, arena.allocateBytes(n * rows.rowBytes()));
        Dequantization.read(rows.type(), weights.size(), stored, weights.segment());
        for (long i = 0; i < weights.size(); i++) {
            weights.set(i, Bf16Lanes.round(weights.get(i)));
        }
        return (m, a, lda, bias, c, ldc, accumulate) -> {
            packed.requireProduct(m, a, lda, bias, c, ldc);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    long at = (long) i * ldc + j;
                    float sum = accumulate ? c.get(at) : 0;
                    float product = 0;
                    for (int p = 0; p < k; p++) {
                        float x = Bf16Lanes.round(a.get((long) i * lda + p));
                        product = Math.fma(x, weights.get((long) j * k + p), product);
                    }
                    c.set(at, sum + product + (bias == null ? 0 : bias.get(j)));
                }
            }
        };
    }
}
