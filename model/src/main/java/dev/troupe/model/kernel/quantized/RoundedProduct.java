package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;

/**
 * Products like those of {@link WeightProduct} with operands rounded, for all rows of a model: of prompts and of
 * answers. Batch-invariant; a generated token that is read again is no row of a prompt.
 */
@FunctionalInterface
public interface RoundedProduct {
    /**
     * Lays a weight out.
     *
     * @param rows of a type that it {@link #takes}, not needed afterwards
     * @param memory for the layout
     * @throws IllegalArgumentException when a float16 in the rows is not finite
     */
    RoundedWeight lay(WeightRows rows, LayoutMemory memory);

    /** Whether it multiplies weights of a type; others are left to the kernels. */
    default boolean takes(StorageType type) {
        return true;
    }

    /** Whether rows of prompts get other bits than those of answers, {@link RoundedWeight#prompts}. */
    default boolean promptsApart() {
        return false;
    }
}
