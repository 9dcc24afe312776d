package dev.troupe.actors;

import java.util.concurrent.CompletionException;

/** What went wrong in work that a future stood for. */
public final class Failures {
    private Failures() {}

    /** What was thrown, without what a future puts around it. */
    public static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }
}
