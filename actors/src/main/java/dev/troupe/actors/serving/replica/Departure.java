package dev.troupe.actors.serving.replica;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits until what was told has left: kernels of the next step want all processors, and whoever carries a token to its
 * socket would wait for a tick of the system's scheduler when it has had its share of one. It takes a quarter of a
 * millisecond with the processors free, and up to four beside kernels.
 *
 * <p>What is told goes from task to task of one executor, first in, first out, so it has left when as many tasks have
 * followed each other there as it has hops. That is so of an executor of one thread; a token for a router on another
 * node leaves by other threads, and an executor without tasks is waited for some microseconds only.
 */
final class Departure {
    /** From an actor through streams to a socket it is half as many. */
    static final int HOPS = 8;

    /** However long the executor's queue is, steps wait no longer. */
    private static final long MOST_NANOS = 1_000_000;

    private final Executor answers;
    private final long mostNanos;

    /** @param answers carries what is told */
    Departure(Executor answers) {
        this(answers, MOST_NANOS);
    }

    /** @param mostNanos that it waits */
    Departure(Executor answers, long mostNanos) {
        this.answers = answers;
        this.mostNanos = mostNanos;
    }

    /** Waits, a millisecond at most. */
    void await() {
        Hops hops = new Hops(answers, Thread.currentThread());
        long end = System.nanoTime() + mostNanos;
        hops.run();
        for (long left = mostNanos; hops.left > 0 && left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }

    /** A task that comes again until it has come often enough. */
    private static final class Hops implements Runnable {
        private final Executor answers;
        private final Thread waiting;
        private volatile int left = HOPS + 1; // the first is no hop

        Hops(Executor answers, Thread waiting) {
            this.answers = answers;
            this.waiting = waiting;
        }

        // One thread at a time: the next run begins after this one gave it to the executor.
        @Override
        public void run() {
            int next = left - 1;
            left = next;
            if (next == 0) {
                LockSupport.unpark(waiting);
                return;
            }
            try {
                answers.execute(this);
            } catch (RejectedExecutionException e) { // the node ends: nothing leaves any more
                left = 0;
                LockSupport.unpark(waiting);
            }
        }
    }
}
