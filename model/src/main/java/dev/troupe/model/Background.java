package dev.troupe.model;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Work on a thread of its own, of which somebody asks for the result later. Thread-safe. */
public final class Background<T> {
    private final String name;
    private final FutureTask<T> task;

    private Background(String name, Callable<T> work) {
        this.name = name;
        this.task = new FutureTask<>(work);
    }

    /**
     * Begins work.
     *
     * @param name of the thread, which does not keep the process from ending
     */
    public static <T> Background<T> start(String name, Callable<T> work) {
        Background<T> background = new Background<>(name, work);
        Thread.ofPlatform().daemon().name(name).start(background.task);
        return background;
    }

    /**
     * Waits for it.
     *
     * @throws RuntimeException what the work has thrown
     * @throws IllegalStateException when this thread is interrupted, or the work has thrown something else
     */
    public T result() {
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(name + " failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + name, e);
        }
    }
}
