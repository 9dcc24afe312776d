package dev.troupe.model.parallel;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A thread that may wait for peers, which no thread of a dispatcher may. It runs what it is given in that order;
 * whoever gives bounds how much that is.
 */
public final class PeerThread implements AutoCloseable {
    private static final long CLOSE_SECONDS = 120;

    private final String name;
    private final ExecutorService executor;
    private volatile @Nullable Thread thread;

    /** A daemon thread of this name, which starts with its first task. */
    public PeerThread(String name) {
        this.name = name;
        this.executor = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread created = new Thread(task, name);
            created.setDaemon(true);
            thread = created;
            return created;
        });
    }

    /** Runs a task behind those before it. */
    public <T> CompletableFuture<T> run(Callable<T> task) {
        CompletableFuture<T> done = new CompletableFuture<>();
        executor.execute(() -> {
            try {
                done.complete(task.call());
            } catch (Throwable e) { // whoever waits for the future must hear of everything
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    /** As {@link #run}, for what has no result. */
    public Future<?> start(Runnable task) {
        return executor.submit(task);
    }

    /**
     * Waits until a task has ended; does nothing for null. Rethrows what it threw.
     *
     * @throws CommunicationException when the waiting thread is interrupted
     */
    public static void await(@Nullable Future<?> task) {
        if (task == null) {
            return;
        }
        try {
            task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("communication failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommunicationException("interrupted while waiting for a peer", e);
        }
    }

    /** Ends whatever the task under way waits for, such as a peer that does not join. */
    public void interrupt() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    /** Waits for what was started; close the groups first, so that nothing waits for a peer any more. */
    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException(name + " did not end within " + CLOSE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
