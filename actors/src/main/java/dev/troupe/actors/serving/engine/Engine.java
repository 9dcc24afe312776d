package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Computes scheduled batches on one set of weights. One call at a time; any thread. */
public interface Engine extends AutoCloseable {
    /** What is served. */
    ModelDescription description();

    /** Blocks of the key-value cache. */
    int numKvBlocks();

    /**
     * One forward pass and its samples.
     *
     * @param samplers one for each sampled chunk of the batch, in order
     * @param readers one for each chunk whose prompt is read, in order
     * @return the tokens of each sampled chunk, in order: after each guess that was drawn indeed the next one, so one
     *     token more than guesses held. Drawing is a function of logits and index, so these are the tokens that would
     *     be drawn without guesses
     */
    List<List<SampledToken>> execute(ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers);

    /** As {@link #execute(ScheduledBatch, List, List)}, of a batch in which nobody reads a prompt. */
    default List<List<SampledToken>> execute(ScheduledBatch batch, List<AnswerSampler> samplers) {
        return execute(batch, samplers, List.of());
    }

    /**
     * Where {@link #execute} is to be called.
     *
     * @param compute threads for what only computes
     * @return these, or a thread of the engine's own where it waits for other processes
     */
    default Executor executor(Executor compute) {
        return compute;
    }

    /**
     * Completed with the reason, fit for a log, when this engine can compute nothing more and must be loaded afresh,
     * because another process that it needs was lost. It is still to be closed.
     */
    default CompletableFuture<String> lost() {
        return new CompletableFuture<>();
    }

    /** Frees weights and cache; never while a batch is computed. Does not wait for other processes. */
    @Override
    void close();
}
