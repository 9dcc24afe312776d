package dev.troupe.routing.route;

import dev.troupe.actors.serving.GenerationEvent.Alternative;
import java.util.List;

/** What the stream of one sequence carries: any number of tokens in order, then one of the others. */
public sealed interface DispatchEvent {
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
