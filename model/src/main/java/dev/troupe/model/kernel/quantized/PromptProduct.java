package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.LayoutMemory;

/**
 * Products like those of {@link WeightProduct} for many rows at once, with operands rounded: faster where the processor
 * has instructions for it, and not the same bits. Batch-invariant in itself: an element depends on its row and column
 * only.
 */
@FunctionalInterface
public interface PromptProduct {
    /**
     * Makes a weight ready for prompts.
     *
     * @param packed by the vector provider's {@link WeightProduct}; stays open as long as the result is used
     * @param rows what {@code packed} was made of; not needed afterwards
     * @param memory for a layout beside it, where one is wanted
     */
    PromptWeight lay(PackedWeight packed, WeightRows rows, LayoutMemory memory);
}
