package dev.troupe.actors.serving.engine;

import dev.troupe.model.kernel.Precision;
import dev.troupe.model.transformer.InferenceSettings;

/**
 * How a model is set up for serving.
 *
 * @param backend name of the kernel provider, or "auto"
 * @param precision of the operands of products
 * @param inference what is rounded
 * @param threads that compute; 0 for one per core
 * @param maxBatchTokens most rows of a forward pass
 * @param maxRunning most sequences with a place in the cache
 * @param kvCacheBytes most bytes of the key-value cache; less is taken when {@code maxRunning} full contexts need less
 */
public record EngineSettings(
        String backend,
        Precision precision,
        InferenceSettings inference,
        int threads,
        int maxBatchTokens,
        int maxRunning,
        long kvCacheBytes) {
    /** With float32 weights, and prompts computed as answers are. */
    public EngineSettings(
            String backend, Precision precision, int threads, int maxBatchTokens, int maxRunning, long kvCacheBytes) {
        this(backend, precision, InferenceSettings.EXACT, threads, maxBatchTokens, maxRunning, kvCacheBytes);
    }
}
