package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.model.sampling.SamplingSpace;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.InferenceModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A small model that guesses how a large one goes on (arXiv:2211.17192). A guess is the token that the small model
 * would draw with the request's own seed and index; the large model then draws from its own logits, and the guess holds
 * when both are the same token. So nothing is rejected and drawn again: answers have the bytes of plain decoding, at
 * any temperature.
 *
 * <p>Its keys and values are in blocks with the numbers of the large model's: it computes every row that the large one
 * does, so a block that is shared, kept or freed there is so here, and nothing is counted twice. Rows behind a wrong
 * guess are overwritten when their positions are computed.
 *
 * <p>Both have the same tokens, but each may pad its vocabulary with rows of its own. A row that only one has is taken
 * for token 0: it guesses worse then, and changes nothing.
 */
final class DraftModel implements AutoCloseable {
    private final InferenceModel model;
    private final int numRows;
    private final SamplingSpace space = new SamplingSpace();

    /**
     * @param model with as many cache blocks and rows as the model that it guesses for
     * @param vocabSize of the model that it guesses for
     */
    DraftModel(InferenceModel model, int vocabSize) {
        this.model = model;
        this.numRows = Math.min(vocabSize, model.config().vocabSize());
    }

    private int known(int token) {
        return token < numRows ? token : 0;
    }

    /** A chunk while its guesses are made. */
    private static final class Draft {
        final ScheduledChunk chunk;
        final AnswerSampler sampler;
        final List<Integer> guesses = new ArrayList<>();

        Draft(ScheduledChunk chunk, AnswerSampler sampler) {
            this.chunk = chunk;
            this.sampler = sampler;
        }

        boolean isComplete() {
            return guesses.size() == chunk.numToGuess();
        }

        /** The latest guess, at its position. */
        ScheduledChunk latest(boolean wanted) {
            int position = chunk.firstPosition() + chunk.tokens().size() + guesses.size() - 1;
            return chunk.at(position, guesses.getLast(), wanted);
        }
    }

    /**
     * The batch with guesses behind the chunks that are to have some.
     *
     * @param samplers one for each sampled chunk, in order
     */
    ScheduledBatch guess(ScheduledBatch batch, List<AnswerSampler> samplers) {
        List<Draft> open = new ArrayList<>();
        List<ScheduledChunk> rows = new ArrayList<>();
        List<Draft> drafts = new ArrayList<>();
        int nextSampler = 0;
        for (ScheduledChunk chunk : batch.chunks()) {
            boolean guesses = chunk.sampled() && chunk.numToGuess() > 0;
            if (guesses) {
                open.add(new Draft(chunk, samplers.get(nextSampler)));
            }
            nextSampler += chunk.sampled() ? 1 : 0;
            rows.add(chunk.onlyRows(guesses));
        }
        drafts.addAll(open);
        while (true) {
            Tensor logits = forward(rows); // [one for each open draft, V]
            for (int row = 0; row < open.size(); row++) {
                Draft draft = open.get(row);
                draft.guesses.add(known(draft.sampler.guess(logits, row, draft.guesses, space)));
            }
            open.removeIf(Draft::isComplete);
            if (open.isEmpty()) {
                break;
            }
            rows = open.stream().map(draft -> draft.latest(true)).toList();
        }
        return with(batch, drafts);
    }

    private static ScheduledBatch with(ScheduledBatch batch, List<Draft> drafts) {
        List<ScheduledChunk> chunks = new ArrayList<>(batch.chunks());
        int next = 0;
        for (int i = 0; i < chunks.size() && next < drafts.size(); i++) {
            Draft draft = drafts.get(next);
            if (chunks.get(i).arrival() == draft.chunk.arrival()) {
                chunks.set(i, draft.chunk.withGuesses(draft.guesses));
                next++;
            }
        }
        return new ScheduledBatch(chunks);
    }

    /**
     * Computes what the large model has computed and this one not yet: the last guess of a chunk all of whose guesses
     * held.
     *
     * @param guessed the batch with its guesses
     * @param samples of each sampled chunk, in order
     */
    void catchUp(ScheduledBatch guessed, List<List<SampledToken>> samples) {
        List<ScheduledChunk> rows = new ArrayList<>();
        int next = 0;
        for (ScheduledChunk chunk : guessed.chunks()) {
            if (chunk.sampled() && samples.get(next++).size() == chunk.numDraft() + 1 && chunk.numDraft() > 0) {
                int position = chunk.firstPosition() + chunk.tokens().size() - 1;
                rows.add(chunk.at(position, chunk.draft(chunk.numDraft() - 1), false));
            }
        }
        if (!rows.isEmpty()) {
            forward(rows);
        }
    }

    private Tensor forward(List<ScheduledChunk> chunks) {
        BatchRows rows = BatchRows.of(chunks);
        rows.copyBlocks(model);
        int[] tokens = Arrays.stream(rows.tokens()).map(this::known).toArray();
        return model.forward(
                rows.count(), tokens, rows.positions(), rows.blockTables(), rows.wantLogits(), rows.ofPrompt());
    }

    @Override
    public void close() {
        model.close();
    }
}
