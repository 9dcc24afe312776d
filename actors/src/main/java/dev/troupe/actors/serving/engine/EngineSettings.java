package dev.troupe.actors.serving.engine;

import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.ServedWeights;
import dev.troupe.model.transformer.WeightMemory;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a model is set up for serving.
 *
 * @param backend name of the kernel provider, or "auto"
 * @param precision of the operands of products
 * @param inference what is rounded
 * @param threads that compute
 * @param maxBatchTokens most rows of a forward pass
 * @param maxRunning most sequences with a place in the cache
 * @param kvCacheBytes most bytes of the key-value cache and of a step's rows; less is taken when {@code maxRunning}
 *     full contexts need less
 * @param memory of weights and cache on each node
 * @param draftModel file or directory of a small model with the same vocabulary, which guesses; empty for none
 * @param layouts directory in which the layouts of weights are kept from one load to the next; empty for none
 */
public record EngineSettings(
        String backend,
        Precision precision,
        InferenceSettings inference,
        ComputeThreads threads,
        int maxBatchTokens,
        int maxRunning,
        long kvCacheBytes,
        ServingMemory memory,
        Optional<Path> draftModel,
        Optional<Path> layouts) {
    /**
     * Without a draft model or a limit of memory, on threads that go where the system puts them; 0 for one per core.
     */
    public EngineSettings(
            String backend,
            Precision precision,
            InferenceSettings inference,
            int threads,
            int maxBatchTokens,
            int maxRunning,
            long kvCacheBytes) {
        this(
                backend,
                precision,
                inference,
                ComputeThreads.of(threads),
                maxBatchTokens,
                maxRunning,
                kvCacheBytes,
                ServingMemory.OF_MACHINE,
                Optional.empty(),
                Optional.empty());
    }

    /** The same without a draft model. */
    public EngineSettings withoutDraft() {
        return new EngineSettings(
                backend,
                precision,
                inference,
                threads,
                maxBatchTokens,
                maxRunning,
                kvCacheBytes,
                memory,
                Optional.empty(),
                layouts);
    }

    /** With float32 weights, and prompts computed as answers are. */
    public EngineSettings(
            String backend, Precision precision, int threads, int maxBatchTokens, int maxRunning, long kvCacheBytes) {
        this(backend, precision, InferenceSettings.EXACT, threads, maxBatchTokens, maxRunning, kvCacheBytes);
    }

    /** These as they come to for a model, see {@link InferenceSettings#decided}. */
    EngineSettings decided(OpenModel model, Kernels kernels) {
        return new EngineSettings(
                backend,
                precision,
                inference.decided(model.config(), model.weights()::type, kernels),
                threads,
                maxBatchTokens,
                maxRunning,
                kvCacheBytes,
                memory,
                draftModel,
                layouts);
    }

    /** What a model for which these were {@link #decided} asks of kernels. */
    public Set<KernelUse> uses(OpenModel model) {
        return inference.uses(model.config(), model.weights()::type, precision);
    }

    /** Memory of parts of a model for which these were {@link #decided}, without the cache. */
    public long weightBytes(OpenModel model, List<ModelPart> parts) {
        return WeightMemory.bytes(parts, model.weights()::type, inference, precision);
    }

    /** All of these that decides how a model's weights are laid out. */
    String layoutKey() {
        return String.join(
                " ",
                backend,
                precision.configName(),
                ServedWeights.configName(inference.weights()),
                inference.prefill().configName(),
                inference.decode().configName());
    }

    /**
     * What decides, beside weights, tokenizer and context, which bits an answer of a model has for which these were
     * {@link #decided}.
     *
     * @param kernels that compute it
     */
    String arithmetic(Kernels kernels) {
        return kernels.name() + " kernels, weights " + ServedWeights.configName(inference.weights())
                + ", decode " + inference.decode().configName()
                + (inference.promptsApart() ? ", prefill " + inference.prefill().configName() : "")
                + ", cache " + ServedWeights.configName(inference.cache());
    }
}
