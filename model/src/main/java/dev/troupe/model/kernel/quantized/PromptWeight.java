package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A weight W [n, k] that rows of prompts are multiplied with. */
@FunctionalInterface
public interface PromptWeight {
    /**
     * C = A · Wᵀ (+ C when {@code accumulate}) (+ {@code bias} [n] on every row when given).
     *
     * @param a [m, k], rows {@code lda} apart
     * @param c [m, n], rows {@code ldc} apart; may not overlap A
     */
    void multiply(int m, Tensor a, int lda, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate);
}
