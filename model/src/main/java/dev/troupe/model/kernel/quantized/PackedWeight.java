package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.KernelArguments.requireWeightProduct;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A weight W [n, k] laid out once as its provider's kernel reads it.
 *
 * @param data the provider's own layout
 * @param tensor the same memory as a tensor, which may have a copy on a device; or null
 */
public record PackedWeight(
        StorageType type,
        int n,
        int k,
        MemorySegment data,
        @Nullable Tensor tensor) {
    /** A weight in plain memory. */
    public PackedWeight(StorageType type, int n, int k, MemorySegment data) {
        this(type, n, k, data, null);
    }

    /** Checks the arguments of {@link WeightProduct#multiply}. */
    public void requireProduct(int m, Tensor a, int lda, @Nullable Tensor bias, Tensor c, int ldc) {
        requireWeightProduct(n, k, data, m, a, lda, bias, c, ldc);
    }
}
