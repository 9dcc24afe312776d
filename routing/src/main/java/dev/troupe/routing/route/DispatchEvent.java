package dev.troupe.routing.route;

import dev.troupe.actors.serving.GenerationEvent.Alternative;
import dev.troupe.actors.serving.GenerationEvent.ScoredPromptToken;
import java.util.List;

/** What the stream of one sequence carries: what is told of the prompt, any number of tokens in order, then an end. */
public sealed interface DispatchEvent {
    /**
     * The prompt is being read; told at most once, before anything but an end.
     *
     * @param cachedTokens first ones of the prompt that were in a cache
     */
    record Begun(int cachedTokens) implements DispatchEvent {}

    /** Log-probabilities of the next tokens of the prompt, from its second token on, each told once. */
    record PromptScored(List<ScoredPromptToken> tokens) implements DispatchEvent {}

    /** The prompt as a vector of length 1 [C]. */
    record Embedded(List<Float> embedding) implements DispatchEvent {}

    /**
     * One more token.
     *
     * @param index from 0, without gaps even when replicas change
     */
    record Token(int index, int token, double logProb, List<Alternative> alternatives) implements DispatchEvent {}

    /** The model ended its answer. */
    record Stopped() implements DispatchEvent {}

    /** The most tokens that were asked for are there. */
    record LengthReached() implements DispatchEvent {}

    /** No more tokens will come. */
    record Failed(RequestFailure failure) implements DispatchEvent {}
}
