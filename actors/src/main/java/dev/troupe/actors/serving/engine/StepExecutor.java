package dev.troupe.actors.serving.engine;

import dev.troupe.model.transformer.InferenceModel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** What computes the rows of a step: a model in one piece, or members that each hold a part. One call at a time. */
public interface StepExecutor extends AutoCloseable {
    /** Blocks of the key-value cache. */
    int numKvBlocks();

    /** Computes rows; the result is valid until the next call. */
    InferenceModel.Output forward(BatchRows rows);

    /** As {@link Engine#executor}. */
    default Executor executor(Executor compute) {
        return compute;
    }

    /** As {@link Engine#lost}. */
    default CompletableFuture<String> lost() {
        return new CompletableFuture<>();
    }

    @Override
    void close();
}
