package dev.troupe.model.kernel.quantized;

import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Products with weights that are stored in few bits: C[m, n] = A[m, k] · Wᵀ for a W[n, k] of any {@link StorageType}.
 *
 * <p>Bits: those of {@link Gemm#multiplyPacked} of the vector provider over the weights as float32. That is, every
 * element of C is a sum, in order, of what is added to and of chains of {@link #DEPTH} fused multiply-adds in order of
 * k, then of the bias; neither m nor n nor the threads enter into it. So a model decodes one token as it reads a
 * prompt, and with {@code serving.weights} of any type as a float32 model whose weights were rounded to it.
 */
public interface WeightProduct {
    /** Products that are summed in one chain. */
    int DEPTH = Gemm.CHAIN;

    /** How weights are laid out. */
    WeightLayout layout();

    /**
     * Lays weights out as the provider reads them. The rows are not needed afterwards.
     *
     * @param memory for the layout
     * @throws IllegalArgumentException when a float16 in the rows is not finite
     */
    PackedWeight pack(WeightRows rows, LayoutMemory memory);

    /**
     * C = A · Wᵀ (+ C when {@code accumulate}) (+ {@code bias} [n] on every row when given).
     *
     * @param a [m, k], rows {@code lda} apart
     * @param w packed by this provider
     * @param c [m, n], rows {@code ldc} apart; may not overlap A
     */
    void multiply(
            int m, Tensor a, int lda, PackedWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate);
}
