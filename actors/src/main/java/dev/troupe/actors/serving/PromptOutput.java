package dev.troupe.actors.serving;

/** What a request wants to know of its prompt, beside how it goes on. */
public enum PromptOutput {
    /** Nothing: what the cache holds of the prompt need not be computed. */
    NONE,
    /** The log-probability of every token but the first, as {@link GenerationEvent.PromptScored}. */
    LOG_PROBS,
    /** One vector for the whole prompt, as {@link GenerationEvent.Embedded}. */
    EMBEDDING
}
