package dev.troupe.actors.serving;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.wire.WireMessage;
import java.util.List;

/**
 * What a replica tells of a request: that it has begun, what was asked of the prompt, any number of
 * {@link TokenGenerated}, then one of {@link Finished}, {@link Rejected} and {@link Failed}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
    @JsonSubTypes.Type(GenerationEvent.Begun.class),
    @JsonSubTypes.Type(GenerationEvent.PromptScored.class),
    @JsonSubTypes.Type(GenerationEvent.Embedded.class),
    @JsonSubTypes.Type(GenerationEvent.TokenGenerated.class),
    @JsonSubTypes.Type(GenerationEvent.Finished.class),
    @JsonSubTypes.Type(GenerationEvent.Rejected.class),
    @JsonSubTypes.Type(GenerationEvent.Failed.class)
})
public sealed interface GenerationEvent extends WireMessage {
    String requestId();

    /**
     * The prompt is being read: no reason is left to turn the request away. Told once, before anything else.
     *
     * @param cachedTokens first ones of the prompt that need not be computed, because the cache holds them
     */
    record Begun(String requestId, int cachedTokens) implements GenerationEvent {}

    /**
     * Log-probabilities of a piece of the prompt, for {@link PromptOutput#LOG_PROBS}. Pieces come in order; after a
     * preemption those that were told may be told again, with the same numbers.
     *
     * @param firstPosition of the first token of the piece in the prompt, at least 1
     */
    record PromptScored(String requestId, int firstPosition, List<ScoredPromptToken> tokens)
            implements GenerationEvent {}

    /**
     * The prompt as a vector, for {@link PromptOutput#EMBEDDING}.
     *
     * @param embedding [C], of length 1
     */
    record Embedded(String requestId, List<Float> embedding) implements GenerationEvent {}

    /**
     * One more token.
     *
     * @param index from {@link GenerationRequest#firstIndex}, which is 0 unless the request continues another
     * @param logProb natural log of the token's probability before temperature and filters
     * @param alternatives as many as {@link SamplingParameters#logProbs} asked for, most likely first
     */
    record TokenGenerated(String requestId, int index, int token, double logProb, List<Alternative> alternatives)
            implements GenerationEvent {}

    /** The answer is complete. */
    record Finished(String requestId, FinishReason reason, int promptTokens, int completionTokens)
            implements GenerationEvent {}

    /** The replica cannot take the request now (queue full, draining) or cannot finish it (stopped); another may. */
    record Rejected(String requestId, RejectReason reason, String message) implements GenerationEvent {}

    /** The request cannot be answered; {@code message} is fit for a user. */
    record Failed(String requestId, String message) implements GenerationEvent {}

    /**
     * A token of a prompt.
     *
     * @param logProb natural log of its probability after the tokens before it
     * @param alternatives as many as {@link SamplingParameters#logProbs} asked for, most likely first
     */
    record ScoredPromptToken(int token, double logProb, List<Alternative> alternatives) implements WireMessage {}

    /** A token that was not taken, with its log-probability. */
    record Alternative(int token, double logProb) implements WireMessage {}

    /** Why an answer ended. */
    enum FinishReason {
        STOP,
        LENGTH,
        CANCELLED
    }

    /** Why a replica turned a request away. */
    enum RejectReason {
        QUEUE_FULL,
        DRAINING,
        LOADING,
        PROMPT_TOO_LONG,
        /** It had begun, and stops or restarts: another replica may go on after the last token. */
        STOPPED,
        /** A forward pass that had part of the request failed: another try may go on after the last token. */
        STEP_FAILED
    }
}
