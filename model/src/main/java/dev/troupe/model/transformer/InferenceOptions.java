package dev.troupe.model.transformer;

import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.tensor.StorageType;
import org.jspecify.annotations.Nullable;

/**
 * How a model is laid out for inference.
 *
 * @param weights what its matrices are stored as, see {@link ServedWeights}; F32 rounds nothing and gives the bits of
 *     the training pass; null for the types that they have in their file
 * @param prompts multiplies the rows of prompts, not bit for bit as generated ones; null when one way serves all rows
 * @param rounded multiplies all rows with weights of the types that it takes, in place of the kernels' products; null
 *     when those do, and when {@code prompts} is not
 * @param cache what keys and values are rounded to
 */
public record InferenceOptions(
        @Nullable StorageType weights,
        @Nullable PromptProduct prompts,
        @Nullable RoundedProduct rounded,
        StorageType cache) {
    /** Float32 weights, one kernel for all rows. */
    public static final InferenceOptions EXACT = new InferenceOptions(StorageType.F32, null, null);

    /** Whether rows of prompts and rows of generated tokens are multiplied in different ways. */
    boolean promptsApart() {
        return prompts != null || (rounded != null && rounded.promptsApart());
    }

    /** What multiplies with weights of a type in place of the kernels' products; null when those do. */
    @Nullable RoundedProduct rounded(StorageType type) {
        return rounded != null && rounded.takes(type) ? rounded : null;
    }

    /** With keys and values as they are computed. */
    public InferenceOptions(
            @Nullable StorageType weights, @Nullable PromptProduct prompts, @Nullable RoundedProduct rounded) {
        this(weights, prompts, rounded, StorageType.F32);
    }
}
