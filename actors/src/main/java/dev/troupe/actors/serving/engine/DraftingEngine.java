package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.model.transformer.InferenceModel;
import java.util.List;

/** An engine with a {@link DraftModel} beside it, which makes the guesses that the scheduler asks for. */
public final class DraftingEngine extends ForwardedEngine {
    private final DraftModel draft;

    DraftingEngine(Engine engine, DraftModel draft) {
        super(engine);
        this.draft = draft;
    }

    /**
     * Puts a draft beside an engine; both are closed with the result.
     *
     * @param draft with the same tokens, and as many cache blocks and rows
     */
    public static Engine of(Engine engine, InferenceModel draft) {
        return new DraftingEngine(
                engine, new DraftModel(draft, engine.description().vocabSize()));
    }

    @Override
    public List<List<SampledToken>> execute(
            ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
        ScheduledBatch guessed = draft.guess(batch, samplers);
        List<List<SampledToken>> samples = engine().execute(guessed, samplers, readers);
        draft.catchUp(guessed, samples);
        return samples;
    }

    @Override
    public void close() {
        draft.close();
        engine().close();
    }
}
