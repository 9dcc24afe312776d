package dev.troupe.actors.serving.engine;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.InferenceModel;
import java.util.Arrays;

/** Makes a {@link DraftModel} of a model's files, when it can guess for another model. */
final class DraftLoader {
    private DraftLoader() {}

    /**
     * Requires that both models mean the same by every token.
     *
     * @throws TroupeException that names the first difference
     */
    static void requireSameVocabulary(OpenModel draft, OpenModel model) {
        Tokenizer its = draft.tokenizer();
        Tokenizer ours = model.tokenizer();
        if (its.vocabSize() != ours.vocabSize()) {
            throw unlike(draft, model, "its tokenizer has " + its.vocabSize() + " tokens, not " + ours.vocabSize());
        }
        for (int token = 0; token < ours.vocabSize(); token++) {
            if (!Arrays.equals(its.tokenBytes(token), ours.tokenBytes(token))
                    || !its.specialSpelling(token).equals(ours.specialSpelling(token))) {
                throw unlike(
                        draft,
                        model,
                        "token " + token + " is '" + spelled(its, token) + "', not '" + spelled(ours, token) + "'");
            }
        }
    }

    private static String spelled(Tokenizer tokenizer, int token) {
        return tokenizer.specialSpelling(token).orElseGet(() -> tokenizer.decode(new int[] {token}));
    }

    private static TroupeException unlike(OpenModel draft, OpenModel model, String difference) {
        return new TroupeException("the draft model " + draft.path() + " has another vocabulary than " + model.path()
                + ": " + difference + ". Name a model with the same tokenizer (troupe.serving.draftModel)");
    }

    /**
     * The draft's shape for answers of a context.
     *
     * @throws TroupeException when its positions were learned and do not reach so far
     */
    static ModelConfig fitting(OpenModel draft, int contextLength) {
        ModelConfig config = draft.config();
        if (config.positions() == PositionKind.LEARNED && config.contextLength() < contextLength) {
            throw new TroupeException("the draft model " + draft.path() + " has learned " + config.contextLength()
                    + " positions, and the model is served with " + contextLength
                    + ": name a draft model with a longer context");
        }
        return config.positions() == PositionKind.ROTARY ? config.withContextLength(contextLength) : config;
    }

    /**
     * Lays the draft's weights out; its files are not needed afterwards.
     *
     * @param vocabSize of the model that it guesses for
     */
    static DraftModel load(
            OpenModel draft,
            ModelConfig config,
            int vocabSize,
            EngineSettings settings,
            Kernels kernels,
            ComputePool pool,
            int numKvBlocks) {
        return new DraftModel(
                InferenceModel.create(
                        config,
                        layer -> draft.weights(),
                        kernels,
                        settings.inference().options(kernels, pool),
                        numKvBlocks,
                        settings.maxBatchTokens()),
                vocabSize);
    }
}
