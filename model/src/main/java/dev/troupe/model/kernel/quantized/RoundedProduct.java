package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.LayoutMemory;

/**
 * Products like those of {@link WeightProduct} with operands rounded, for all rows of a model: of prompts and of
 * answers. Batch-invariant; a generated token that is read again is no row of a prompt.
 */
@FunctionalInterface
public interface RoundedProduct {
    /**
     * Lays a weight out.
     *
     * @param rows not needed afterwards
     * @param memory for the layout
     * @throws IllegalArgumentException when a float16 in the rows is not finite
     */
    RoundedWeight lay(WeightRows rows, LayoutMemory memory);

    /** Whether rows of prompts get other bits than those of answers, {@link RoundedWeight#prompts}. */
    default boolean promptsApart() {
        return false;
    }
}
