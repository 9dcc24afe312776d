package dev.troupe.model.kernel.quantized;

/**
 * A weight W [n, k] that rows are multiplied with.
 *
 * @param product with it
 * @param bytes that a product reads of it
 */
public record RoundedWeight(PromptWeight product, long bytes) {}
