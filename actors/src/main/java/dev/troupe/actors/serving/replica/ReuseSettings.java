package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.model.transformer.InferenceSettings;

/**
 * What a replica does not compute again, and what it computes ahead. Neither changes an answer.
 *
 * @param prefixCache whether requests start behind the blocks of keys and values that earlier ones left
 * @param maxDraft most tokens of an answer that are guessed and computed in one step with a known one; 0 for none
 * @param draftModel whether the engine's draft model guesses; else what followed before is guessed to follow again
 */
public record ReuseSettings(boolean prefixCache, int maxDraft, boolean draftModel) {
    /** Without a draft model. */
    public ReuseSettings(boolean prefixCache, int maxDraft) {
        this(prefixCache, maxDraft, false);
    }

    /** Nothing of it. */
    public static final ReuseSettings NONE = new ReuseSettings(false, 0);

    /** What a scheduler may do, over an engine with these settings. */
    public SchedulingOptions scheduling(InferenceSettings inference) {
        return new SchedulingOptions(prefixCache, inference.promptsApart(), maxDraft, draftModel);
    }
}
