package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.AnswerCarriers;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits until what was told has left: kernels of the next step want all processors, and whoever carries a token to its
 * socket would wait for a tick of the system's scheduler when it has had its share of one. It takes a quarter of a
 * millisecond with the processors free, and up to four beside kernels.
 *
 * <p>Where nobody carries ({@link AnswerCarriers}), who waits does so itself. Else: what is told goes from task to task
 * of one executor, first in, first out, so it has left when as many tasks have followed each other there as it has
 * hops. That is so of an executor of one thread; a token for a router on another node leaves by other threads, and an
 * executor without tasks is waited for some microseconds only.
 */
final class Departure {
    /** From an actor through streams to a socket it is half as many. */
    static final int HOPS = 8;

    /** However long the executor's queue is, steps wait no longer. */
    private static final Duration MOST = Duration.ofMillis(1);

    private final Optional<Executor> answers;
    private final Optional<AnswerCarriers> carriers;
    private final Duration most;

    /**
     * @param answers carries what is told, one task at a time; empty where nobody is to wait
     * @param carriers the same, where who waits may carry itself
     */
    Departure(Optional<Executor> answers, Optional<AnswerCarriers> carriers) {
        this(answers, carriers, MOST);
    }

    /** @param most that it waits */
    Departure(Optional<Executor> answers, Optional<AnswerCarriers> carriers, Duration most) {
        this.answers = answers;
        this.carriers = carriers;
        this.most = most;
    }

    /**
     * Something is told until it is closed.
     *
     * @param awaited whether somebody may wait for it; then it wakes nobody
     */
    Telling begin(boolean awaited) {
        return new Telling(awaited ? carriers.map(AnswerCarriers::take) : Optional.empty());
    }

    /** While something is told. */
    final class Telling implements AutoCloseable {
        private final Optional<AnswerCarriers.Turn> turn;

        private Telling(Optional<AnswerCarriers.Turn> turn) {
            this.turn = turn;
        }

        /** Waits until it has left, a millisecond at most. */
        void await() {
            if (turn.isPresent() && turn.get().carries()) {
                turn.get().carry(most);
            } else {
                answers.ifPresent(Departure.this::awaitHops);
            }
        }

        /** What has not left is for others to carry. */
        @Override
        public void close() {
            turn.ifPresent(AnswerCarriers.Turn::close);
        }
    }

    private void awaitHops(Executor executor) {
        Hops hops = new Hops(executor, Thread.currentThread());
        long end = System.nanoTime() + most.toNanos();
        hops.run();
        for (long left = most.toNanos(); hops.left > 0 && left > 0; left = end - System.nanoTime()) {
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
