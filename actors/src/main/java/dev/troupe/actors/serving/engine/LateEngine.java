package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.model.format.layouts.LateLayouts;
import java.util.List;

/** An engine whose weights are laid out after its first token. */
final class LateEngine extends ForwardedEngine {
    private final LateLayouts layouts;

    /** @param layouts started; closed with this */
    LateEngine(Engine engine, LateLayouts layouts) {
        super(engine);
        this.layouts = layouts;
    }

    @Override
    public List<List<SampledToken>> execute(
            ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
        List<List<SampledToken>> samples = engine().execute(batch, samplers, readers);
        if (!samples.isEmpty()) {
            layouts.begin();
        }
        return samples;
    }

    @Override
    public void close() {
        try {
            layouts.close(); // it writes to memory of the engine
        } finally {
            engine().close();
        }
    }
}
