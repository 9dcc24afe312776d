package dev.troupe.routing.generate;

import akka.Done;
import dev.troupe.routing.route.DispatchClient;
import dev.troupe.routing.route.DispatchEvent;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Waits for the vector of one sequence. */
final class VectorClient implements DispatchClient {
    private final CompletableFuture<List<Float>> vector = new CompletableFuture<>();
    private final CompletableFuture<Done> gone = new CompletableFuture<>();
    private @Nullable List<Float> embedded;

    /** Complete once the sequence has ended, so that there is nothing to cancel then. */
    CompletionStage<List<Float>> vector() {
        return vector;
    }

    /** Nobody waits any more. */
    void leave() {
        if (!vector.isDone()) {
            gone.complete(Done.getInstance());
        }
    }

    @Override
    public void tell(DispatchEvent event) {
        switch (event) {
            case DispatchEvent.Begun begun -> {}
            case DispatchEvent.Embedded(List<Float> embedding) -> embedded = embedding;
            case DispatchEvent.LengthReached end when embedded != null -> vector.complete(embedded);
            case DispatchEvent.Failed failed -> vector.completeExceptionally(failed.failure());
            case DispatchEvent.LengthReached end -> unexpected(end);
            case DispatchEvent.Token token -> unexpected(token);
            case DispatchEvent.PromptScored scored -> unexpected(scored);
            case DispatchEvent.Stopped stopped -> unexpected(stopped);
        }
    }

    private void unexpected(DispatchEvent event) {
        vector.completeExceptionally(
                new IllegalStateException("a request for an embedding was answered with " + event));
        gone.complete(Done.getInstance());
    }

    @Override
    public CompletionStage<Done> gone() {
        return gone;
    }
}
