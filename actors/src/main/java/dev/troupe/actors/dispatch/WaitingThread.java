package dev.troupe.actors.dispatch;

import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that does tasks in their order, some of which wait: for sockets. Such a task waits only while there is no
 * other. A task that comes meanwhile interrupts it; one that is there already interrupts it before it begins, so that
 * it looks and does not wait. Selectors take an interrupt so ({@link java.nio.channels.Selector#select()}). No other
 * task ever sees one, which would close the channel that it reads.
 *
 * <p>With a thread for sockets and one for everything else, each request wakes both, one behind the other.
 */
final class WaitingThread {
    private static final Logger LOG = LoggerFactory.getLogger(WaitingThread.class);
    private static final int BUSY = 0;
    private static final int PARKED = 1;
    private static final int WAITING = 2; // in a task that may wait
    private static final int INTERRUPTING = 3; // somebody is about to
    private static final int INTERRUPTED = 4;

    private record Task(Runnable work, boolean waits) {}

    private final Queue<Task> tasks = new ConcurrentLinkedQueue<>(); // as many as there are mailboxes, at the most
    private final AtomicInteger state = new AtomicInteger(BUSY);
    private final Thread thread;
    private volatile boolean closed;

    /** Starts the thread. */
    WaitingThread(ThreadFactory threads) {
        thread = Objects.requireNonNull(threads.newThread(this::work));
        thread.start();
    }

    /**
     * Puts a task behind all others.
     *
     * @param waits whether it may wait until it is interrupted, which it then clears up after itself
     * @throws RejectedExecutionException when this is closed
     */
    void execute(Runnable work, boolean waits) {
        if (closed) {
            throw new RejectedExecutionException("the thread is closed");
        }
        Task task = new Task(work, waits);
        tasks.add(task);
        if (closed && tasks.remove(task)) { // its thread may have ended before it came
            throw new RejectedExecutionException("the thread is closed");
        }
        wake();
    }

    private void wake() {
        int now = state.get();
        if (Thread.currentThread() == thread) {
            if (now == WAITING) {
                thread.interrupt(); // should it wait once more before it returns
            }
            return;
        }
        if (now == PARKED) {
            LockSupport.unpark(thread);
        } else if (now == WAITING && state.compareAndSet(WAITING, INTERRUPTING)) {
            try {
                thread.interrupt();
            } finally {
                state.set(INTERRUPTED);
            }
        }
    }

    /** Does what was given so far and ends. */
    void close() {
        closed = true;
        wake();
    }

    boolean isEnded() {
        return !thread.isAlive();
    }

    /** Waits for the end of the thread; false when that does not come in time. */
    boolean join(long millis) throws InterruptedException {
        thread.join(Math.max(1, millis));
        return isEnded();
    }

    private void work() {
        while (true) {
            Task task = tasks.poll();
            if (task == null) {
                if (closed && tasks.isEmpty()) {
                    return;
                }
                park();
            } else if (task.waits()) {
                await(task.work());
            } else {
                run(task.work());
                Thread.interrupted(); // a task's own interrupt is none of the next one's
            }
        }
    }

    private void park() {
        state.set(PARKED);
        if (tasks.isEmpty() && !closed) {
            LockSupport.park(this);
        }
        state.set(BUSY);
    }

    private void await(Runnable work) {
        state.set(WAITING);
        if (!tasks.isEmpty() || closed) {
            thread.interrupt(); // it only looks
        }
        try {
            run(work);
        } finally {
            if (!state.compareAndSet(WAITING, BUSY)) {
                awaitInterrupt();
                state.set(BUSY);
            }
            Thread.interrupted();
        }
    }

    /** Who interrupts may have lost its processor just before: that takes a while, and nobody's if we keep ours. */
    @SuppressWarnings("ThreadPriorityCheck")
    private void awaitInterrupt() {
        while (state.get() != INTERRUPTED) {
            Thread.yield();
        }
    }

    // A task's failure is its own, whatever it is (Scala's code throws what it does not declare): the thread goes on.
    private void run(Runnable work) {
        try {
            work.run();
        } catch (Throwable e) {
            failed(e);
        }
    }

    /** On a thread of its own: after an error the handler may end the process, for which this thread is needed. */
    private void failed(Throwable failure) {
        try {
            Thread.ofPlatform()
                    .name(thread.getName() + "-failure")
                    .start(() -> thread.getUncaughtExceptionHandler().uncaughtException(thread, failure));
        } catch (OutOfMemoryError e) { // not even for a thread
            failure.addSuppressed(e);
            LOG.error("a task failed", failure);
        }
    }
}
