package dev.troupe.actors.transport;

import dev.troupe.model.parallel.Communicator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Runs the ranks of a group, each on a thread of its own. */
final class Ranks {
    private static final long PATIENCE_SECONDS = 60;

    private Ranks() {}

    /** What a rank does. */
    interface Body<T extends @Nullable Object> {
        T run(Communicator communicator);
    }

    /** The results of all ranks; what one throws is thrown. */
    static <T extends @Nullable Object> List<T> run(List<Communicator> group, Body<T> body) {
        List<T> results = new ArrayList<>();
        for (CompletableFuture<T> future : start(group, body)) {
            results.add(get(future));
        }
        return results;
    }

    /** As {@link #run}, without waiting. */
    static <T extends @Nullable Object> List<CompletableFuture<T>> start(List<Communicator> group, Body<T> body) {
        List<CompletableFuture<T>> futures = new ArrayList<>();
        for (Communicator communicator : group) {
            futures.add(start(() -> body.run(communicator)));
        }
        return futures;
    }

    /** Runs something on a thread of its own. */
    static <T extends @Nullable Object> CompletableFuture<T> start(java.util.function.Supplier<T> body) {
        CompletableFuture<T> future = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("rank").start(() -> {
            try {
                future.complete(body.get());
            } catch (RuntimeException | Error e) {
                future.completeExceptionally(e);
            }
        });
        return future;
    }

    static <T extends @Nullable Object> T get(CompletableFuture<T> future) {
        try {
            return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("a rank is still at work after " + PATIENCE_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** What a rank's future threw. */
    static Throwable failure(CompletableFuture<?> future) {
        try {
            Object result = get(future);
            throw new AssertionError("expected a failure, not " + result);
        } catch (RuntimeException e) {
            return e;
        }
    }
}
