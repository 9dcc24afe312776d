package dev.troupe.model.mesh;

import dev.troupe.model.parallel.CommunicationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One thread that talks to peers beside the computation, in the order in which it is told to. */
final class CommunicationThread implements AutoCloseable {
    private static final long CLOSE_SECONDS = 60;

    private final String name;
    private final ExecutorService executor;

    CommunicationThread(String name) {
        this.name = name;
        this.executor = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Starts a task behind those before it. Whoever submits bounds how many there are. */
    Future<?> start(Runnable task) {
        return executor.submit(task);
    }

    /** Waits until a task has ended; does nothing for null. Rethrows what it threw. */
    static void await(@Nullable Future<?> task) {
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
