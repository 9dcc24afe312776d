package dev.troupe.actors.serving;

import akka.actor.typed.DispatcherSelector;

/**
 * The threads that carry answers from a replica to sockets, and requests on their way there; one for each eight
 * processors ({@code troupe.dispatchers.answers}). Beside kernels on all processors each change of thread may wait for
 * one, so there is none on the way. What takes long belongs elsewhere.
 */
public final class AnswerThreads {
    private AnswerThreads() {}

    /** For an actor on the way. */
    public static DispatcherSelector selector() {
        return DispatcherSelector.fromConfig("troupe.dispatchers.answers");
    }
}
