package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@link WeightProduct#multiply} for many rows at once, with operands rounded to bf16: faster where the processor has
 * instructions for it, and not the same bits. Batch-invariant in itself: an element depends on its row and column only.
 */
public interface PromptProduct {
    /**
     * C = A · Wᵀ (+ C when {@code accumulate}) (+ {@code bias} [n] on every row when given).
     *
     * @param a [m, k], rows {@code lda} apart
     * @param w packed by the vector provider's {@link WeightProduct}
     * @param c [m, n], rows {@code ldc} apart; may not overlap A
     */
    void multiply(
            int m, Tensor a, int lda, PackedWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate);
}
