package dev.troupe.actors.serving.batch;

/**
 * What a {@link SchedulingPolicy} may do to compute less. None of it changes an answer.
 *
 * @param prefixCache whether sequences share full blocks of equal tokens, those of ended sequences included
 * @param promptsApart whether the engine computes rows of prompts otherwise than generated ones: then a block of the
 *     one kind is not taken for one of the other
 * @param maxDraft most tokens that are guessed and computed along with a known one; 0 for no guessing
 * @param engineGuesses whether the engine guesses, with a model; else what followed before is guessed to follow again
 */
public record SchedulingOptions(boolean prefixCache, boolean promptsApart, int maxDraft, boolean engineGuesses) {
    /** Guesses, if any, are what followed before. */
    public SchedulingOptions(boolean prefixCache, boolean promptsApart, int maxDraft) {
        this(prefixCache, promptsApart, maxDraft, false);
    }

    /** Every sequence computes all of its tokens, one step for each of its answer. */
    public static final SchedulingOptions PLAIN = new SchedulingOptions(false, false, 0);
}
