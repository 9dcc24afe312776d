package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.model.format.layouts.LateLayouts;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** An engine whose weights are laid out after its first token. */
final class LateEngine implements Engine {
    private final Engine engine;
    private final LateLayouts layouts;

    /** @param layouts started; closed with this */
    LateEngine(Engine engine, LateLayouts layouts) {
        this.engine = engine;
        this.layouts = layouts;
    }

    @Override
    public ModelDescription description() {
        return engine.description();
    }

    @Override
    public int numKvBlocks() {
        return engine.numKvBlocks();
    }

    @Override
    public List<List<SampledToken>> execute(
            ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
        List<List<SampledToken>> samples = engine.execute(batch, samplers, readers);
        if (!samples.isEmpty()) {
            layouts.begin();
        }
        return samples;
    }

    @Override
    public Executor executor(Executor compute) {
        return engine.executor(compute);
    }

    @Override
    public CompletableFuture<String> lost() {
        return engine.lost();
    }

    @Override
    public void close() {
        try {
            layouts.close(); // it writes to memory of the engine
        } finally {
            engine.close();
        }
    }
}
