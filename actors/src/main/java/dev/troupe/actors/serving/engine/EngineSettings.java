package dev.troupe.actors.serving.engine;

import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Prefill;
import org.jspecify.annotations.Nullable;

/**
 * How a model is set up for serving.
 *
 * @param backend name of the kernel provider, or "auto"
 * @param precision of the operands of products
 * @param weights what matrices are rounded to when the model is loaded; null for as they are stored
 * @param prefill how the rows of prompts are computed
 * @param threads that compute; 0 for one per core
 * @param maxBatchTokens most rows of a forward pass
 * @param maxRunning most sequences with a place in the cache
 * @param kvCacheBytes most bytes of the key-value cache; less is taken when {@code maxRunning} full contexts need less
 */
public record EngineSettings(
        String backend,
        Precision precision,
        @Nullable StorageType weights,
        Prefill prefill,
        int threads,
        int maxBatchTokens,
        int maxRunning,
        long kvCacheBytes) {
    /** With float32 weights, and prompts computed as answers are. */
    public EngineSettings(
            String backend, Precision precision, int threads, int maxBatchTokens, int maxRunning, long kvCacheBytes) {
        this(backend, precision, StorageType.F32, Prefill.EXACT, threads, maxBatchTokens, maxRunning, kvCacheBytes);
    }
}
