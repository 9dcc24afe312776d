package dev.troupe.gpu.device;

import dev.troupe.model.TroupeException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that talks to a device. What is queued runs in order; a failure is thrown to whoever calls next, for
 * nothing after it would be right.
 */
final class DeviceThread implements AutoCloseable {
    /** Launches that may wait: enough to keep the device busy, few enough to notice a failure soon. */
    private static final int QUEUE = 64;

    private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(QUEUE);
    private final Thread thread;
    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    DeviceThread(String name) {
        thread = Thread.ofPlatform().name(name).daemon().start(this::work);
    }

    /** Queues {@code task}; waits while the queue is full. */
    void start(Runnable task) {
        throwFailure();
        put(task);
    }

    /** Runs {@code task} after all that is queued, and waits for it. */
    void await(Runnable task) {
        throwFailure();
        CountDownLatch done = new CountDownLatch(1);
        put(() -> {
            try {
                task.run();
            } finally {
                done.countDown();
            }
        });
        boolean interrupted = false;
        while (true) {
            try {
                done.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true; // the device goes on all the same, and so must what it writes to
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        throwFailure();
    }

    /** Runs what is queued, then {@code last}, and ends the thread. */
    void close(Runnable last) {
        if (!closed) {
            await(last);
            close();
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            thread.interrupt();
        }
    }

    private void put(Runnable task) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        boolean interrupted = false;
        while (true) {
            try {
                queue.put(task);
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void throwFailure() {
        Throwable cause = failure;
        if (cause != null) {
            throw new TroupeException("the device failed: " + cause, cause);
        }
    }

    private void work() {
        try {
            while (true) {
                Runnable task = queue.take();
                try {
                    task.run();
                } catch (RuntimeException | Error e) {
                    if (failure == null) {
                        failure = e;
                    }
                }
            }
        } catch (InterruptedException e) {
            // closed; nobody waits for what is left
            queue.clear();
        }
    }
}
