package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.kv.BlockTable;
import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive tokens of one sequence to be computed in this step.
 *
 * @param arrival the sequence's number
 * @param firstPosition position of the first token in the sequence
 * @param tokens one for a decode, a piece of the prompt for a prefill; guesses behind them
 * @param blocks where the keys and values of the sequence lie
 * @param numPrompt tokens of the prompt, which come first in the sequence; the others were generated
 * @param sampled whether the last known token's logits are wanted, because all known tokens are computed then
 * @param numDraft how many tokens, the last ones, are guesses; their logits are wanted too
 * @param promptOutput what is told of the prompt's positions
 */
public record ScheduledChunk(
        long arrival,
        int firstPosition,
        List<Integer> tokens,
        BlockTable blocks,
        int numPrompt,
        boolean sampled,
        int numDraft,
        PromptOutput promptOutput) {
    /** Whether something is told of the prompt's positions in this chunk. */
    public boolean readsPrompt() {
        return promptOutput != PromptOutput.NONE;
    }

    /** Whether the prompt's reader wants what is computed at this position. */
    public boolean isRead(int position) {
        return switch (promptOutput) {
            case NONE -> false;
            case LOG_PROBS -> position < numPrompt - 1; // the last one's logits are the answer's
            case EMBEDDING -> position < numPrompt;
        };
    }

    /** Rows whose logits are wanted for the answer. */
    public int numWanted() {
        return sampled ? 1 + numDraft : 0;
    }

    /** Guess number {@code index}. */
    public int draft(int index) {
        return tokens.get(tokens.size() - numDraft + index);
    }

    /** The same with guesses behind it. */
    ScheduledChunk withDraft(List<Integer> draft, BlockTable largerTable) {
        List<Integer> all = new ArrayList<>(tokens);
        all.addAll(draft);
        return new ScheduledChunk(
                arrival, firstPosition, List.copyOf(all), largerTable, numPrompt, sampled, draft.size(), promptOutput);
    }
}
