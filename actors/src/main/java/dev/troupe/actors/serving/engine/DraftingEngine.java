package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import java.util.List;

/** An engine with a {@link DraftModel} beside it, which makes the guesses that the scheduler asks for. */
final class DraftingEngine implements Engine {
    private final Engine engine;
    private final DraftModel draft;

    DraftingEngine(Engine engine, DraftModel draft) {
        this.engine = engine;
        this.draft = draft;
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
        ScheduledBatch guessed = draft.guess(batch, samplers);
        List<List<SampledToken>> samples = engine.execute(guessed, samplers, readers);
        draft.catchUp(guessed, samples);
        return samples;
    }

    @Override
    public void close() {
        draft.close();
        engine.close();
    }
}
