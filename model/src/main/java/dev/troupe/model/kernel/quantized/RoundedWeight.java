package dev.troupe.model.kernel.quantized;

/**
 * A weight W [n, k] that rows are multiplied with.
 *
 * @param product with it
 * @param prompts with the rows of prompts: the same, or of another layout beside it
 * @param bytes that a product of generated rows reads of it
 */
public record RoundedWeight(PromptWeight product, PromptWeight prompts, long bytes) {
    /** One layout for all rows. */
    public RoundedWeight(PromptWeight product, long bytes) {
        this(product, product, bytes);
    }
}
