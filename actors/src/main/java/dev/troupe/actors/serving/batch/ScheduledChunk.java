package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.kv.BlockCopy;
import dev.troupe.actors.serving.kv.BlockTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Consecutive tokens of one sequence to be computed in this step. None when another sequence of the step has the same
 * tokens, all of them: then what that one computes is drawn from here, too.
 *
 * @param arrival the sequence's number
 * @param firstPosition position of the first token in the sequence
 * @param tokens one for a decode, a piece of the prompt for a prefill; guesses behind them
 * @param blocks where the keys and values of the sequence lie
 * @param numPrompt tokens of the prompt, which come first in the sequence; the others were generated
 * @param sampled whether the last known token's logits are wanted, because all known tokens are computed then
 * @param numDraft how many tokens, the last ones, are guesses; their logits are wanted too
 * @param numToGuess how many tokens the engine is to guess and to put behind, before it computes the chunk; their
 *     blocks are there
 * @param promptOutput what is told of the prompt's positions
 * @param copy is made before the step: the sequence shared the block that it goes on in
 * @param drawsFrom number of the sequence whose last known token's logits are this one's, too: its own, where it has
 *     tokens
 */
public record ScheduledChunk(
        long arrival,
        int firstPosition,
        List<Integer> tokens,
        BlockTable blocks,
        int numPrompt,
        boolean sampled,
        int numDraft,
        int numToGuess,
        PromptOutput promptOutput,
        Optional<BlockCopy> copy,
        long drawsFrom) {
    /** Whether this is a piece of a prompt, or of an answer that is computed again: a decode is one token behind it. */
    public boolean readsKnownTokens() {
        return firstPosition < numPrompt || tokens.size() - numDraft > 1;
    }

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

    /** Tokens that are drawn, if all guesses hold. */
    public int numWanted() {
        return sampled ? 1 + numDraft : 0;
    }

    /** Rows of this chunk whose logits are wanted for an answer. */
    public int numLogitRows() {
        return tokens.isEmpty() ? 0 : numWanted();
    }

    /** Guess number {@code index}. */
    public int draft(int index) {
        return tokens.get(tokens.size() - numDraft + index);
    }

    /** The same rows, of which nothing is wanted but, perhaps, the last one's logits. */
    public ScheduledChunk onlyRows(boolean wanted) {
        return new ScheduledChunk(
                arrival, firstPosition, tokens, blocks, numPrompt, wanted, 0, 0, PromptOutput.NONE, copy, drawsFrom);
    }

    /** One row of the same sequence. */
    public ScheduledChunk at(int position, int token, boolean wanted) {
        return new ScheduledChunk(
                arrival,
                position,
                List.of(token),
                blocks,
                numPrompt,
                wanted,
                0,
                0,
                PromptOutput.NONE,
                Optional.empty(),
                arrival);
    }

    /** Guesses that are verified with this chunk, whoever makes them. */
    int numGuesses() {
        return numDraft + numToGuess;
    }

    /** The same with guesses of the engine's own. */
    public ScheduledChunk withGuesses(List<Integer> guesses) {
        return withDraft(guesses, blocks);
    }

    /** The same, for the engine to guess {@code count} tokens. */
    ScheduledChunk toGuess(int count, BlockTable largerTable) {
        return new ScheduledChunk(
                arrival,
                firstPosition,
                tokens,
                largerTable,
                numPrompt,
                sampled,
                0,
                count,
                promptOutput,
                copy,
                drawsFrom);
    }

    /** The same with guesses behind it. */
    ScheduledChunk withDraft(List<Integer> draft, BlockTable largerTable) {
        List<Integer> all = new ArrayList<>(tokens);
        all.addAll(draft);
        return new ScheduledChunk(
                arrival,
                firstPosition,
                List.copyOf(all),
                largerTable,
                numPrompt,
                sampled,
                draft.size(),
                0,
                promptOutput,
                copy,
                drawsFrom);
    }
}
