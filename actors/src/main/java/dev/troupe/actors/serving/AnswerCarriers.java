package dev.troupe.actors.serving;

import dev.troupe.model.kernel.parallel.SideThreads;
import dev.troupe.model.kernel.parallel.ThreadSlice;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An executor that does one task at a time, in the order in which they came, by whichever of several threads carries
 * its queue: one of its own, those that have nothing to do meanwhile ({@link #follow}), and those that want to see what
 * they give done before they go on ({@link #take}). A thread that waits for work, and itself carries what brings it,
 * needs no other thread to wake it (leader and followers: D. Schmidt et al., Pattern-Oriented Software Architecture 2,
 * 2000).
 */
public final class AnswerCarriers extends AbstractExecutorService {
    private static final ThreadLocal<@Nullable AnswerCarriers> CURRENT = new ThreadLocal<>();

    private final Deque<Runnable> tasks = new ArrayDeque<>(); // guarded by this; none while nobody carries
    private final Deque<Follower> waiting = new ArrayDeque<>(); // guarded by this; the next to carry is the first
    private boolean carried; // guarded by this: a thread carries, or has been appointed to
    private boolean shutDown; // guarded by this
    private final CountDownLatch terminated = new CountDownLatch(1);
    private final Follower own;
    private final Thread.UncaughtExceptionHandler failures;

    /** A thread that carries when it is appointed. */
    private static final class Follower {
        final Thread thread;
        volatile boolean appointed;

        Follower(Thread thread) {
            this.thread = thread;
        }
    }

    /** What the calling thread has of {@link #take}, and gives back by closing it. */
    public final class Turn implements AutoCloseable {
        private boolean carries;

        private Turn(boolean carries) {
            this.carries = carries;
        }

        /** Whether the calling thread carries: not when another did so already, nor when all is done. */
        public boolean carries() {
            return carries;
        }

        /** Does what there is, and what comes of it, for so long. */
        public void carry(Duration most) {
            long start = System.nanoTime();
            while (carries && System.nanoTime() - start < most.toNanos()) {
                carries = doNext(null);
            }
        }

        /** Has another thread do what is left. */
        @Override
        public void close() {
            if (carries) {
                carries = false;
                pass();
            }
        }
    }

    /** @param threads make the one of its own, which is started at once */
    AnswerCarriers(ThreadFactory threads) {
        Thread thread = threads.newThread(() -> ThreadSlice.runWithShortest(this::serve));
        own = new Follower(thread);
        failures = thread.getUncaughtExceptionHandler();
        waiting.add(own);
        thread.start();
    }

    /** The one whose task the calling thread does. */
    public static Optional<AnswerCarriers> current() {
        return Optional.ofNullable(CURRENT.get());
    }

    @Override
    public void execute(Runnable task) {
        Thread next;
        synchronized (this) {
            if (shutDown) {
                throw new RejectedExecutionException("the executor was shut down");
            }
            tasks.add(task);
            next = carried ? null : appoint();
        }
        LockSupport.unpark(next);
    }

    /** Has the calling thread carry from now on, unless another does. */
    public synchronized Turn take() {
        Turn turn = new Turn(!carried);
        carried = true;
        return turn;
    }

    /**
     * Waits on the calling thread until something holds, which is looked at when the thread is unparked and after each
     * task: does what comes meanwhile, unless another thread carries, and before the thread of its own would. What is
     * left then is for others.
     */
    public void follow(BooleanSupplier over) {
        Follower me = new Follower(Thread.currentThread());
        synchronized (this) {
            waiting.addFirst(me);
        }
        try {
            await(me, over);
        } finally {
            boolean carries;
            synchronized (this) {
                carries = !waiting.remove(me);
            }
            if (carries) {
                pass();
            }
        }
    }

    private void serve() {
        await(own, this::isTerminated);
    }

    private void await(Follower me, BooleanSupplier over) {
        while (!over.getAsBoolean()) {
            if (me.appointed) {
                doNext(me);
            } else {
                LockSupport.park(this);
            }
        }
    }

    /**
     * Does the next task on the calling thread, which carries; without one nobody does any more.
     *
     * @param me waits again then; null for a thread that does not
     * @return whether there was one
     */
    private boolean doNext(@Nullable Follower me) {
        Runnable task;
        synchronized (this) {
            task = tasks.poll();
            if (task == null) {
                if (me != null) {
                    waitAgain(me);
                }
                rest();
                return false;
            }
        }
        if (me != null) { // else it leads kernels itself, or none run
            SideThreads.stepAside();
        }
        AnswerCarriers outer = CURRENT.get();
        CURRENT.set(this);
        try {
            task.run();
        } catch (Throwable e) { // is the task's, not that of who carries it
            Thread thread = Thread.currentThread();
            // on another thread, as it may end the process, and wait for what is carried here
            Thread.ofPlatform().start(() -> failures.uncaughtException(thread, e));
        } finally {
            CURRENT.set(outer);
            var _ = Thread.interrupted(); // nobody else's matter
        }
        return true;
    }

    private void waitAgain(Follower me) {
        me.appointed = false;
        if (me == own) {
            waiting.addLast(me);
        } else {
            waiting.addFirst(me);
        }
    }

    /** The calling thread carries no more. */
    private void pass() {
        Thread next = null;
        synchronized (this) {
            if (tasks.isEmpty()) {
                rest();
            } else {
                next = appoint();
            }
        }
        LockSupport.unpark(next);
    }

    /** Under the lock: nobody carries. */
    private void rest() {
        carried = false;
        if (shutDown) {
            terminated.countDown();
            LockSupport.unpark(own.thread);
        }
    }

    /** Under the lock: who carries now, and is to be woken. Nobody else does, so there is one: its own, or another. */
    private Thread appoint() {
        carried = true;
        Follower next = waiting.removeFirst();
        next.appointed = true;
        return next.thread;
    }

    @Override
    public synchronized void shutdown() {
        shutDown = true;
        if (!carried) {
            rest();
        }
    }

    @Override
    public synchronized List<Runnable> shutdownNow() {
        List<Runnable> left = new ArrayList<>(tasks);
        tasks.clear();
        shutdown();
        return left;
    }

    @Override
    public synchronized boolean isShutdown() {
        return shutDown;
    }

    @Override
    public boolean isTerminated() {
        return terminated.getCount() == 0;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return terminated.await(timeout, unit);
    }
}
