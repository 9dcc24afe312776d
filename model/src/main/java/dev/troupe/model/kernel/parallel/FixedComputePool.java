package dev.troupe.model.kernel.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of daemon threads. A worker that runs out of work spins for a while, because the next kernel of a step
 * follows at once and waking takes tens of microseconds; then it gives its processor to whoever wants it, again and
 * again, because the next step may follow soon; and then it parks, because spinning threads starve whatever else runs
 * on the machine.
 *
 * <p>How a call is shared: one {@code ticket} holds the number of the run and the next index, so that claiming an index
 * is one compare-and-set that fails when the run is over. The task and its count are written while the ticket is closed
 * (its index is CLOSED), hence a claim that succeeds belongs to the task that was read before it. A worker that comes
 * late finds nothing to claim and is not waited for. Nothing is allocated by a run.
 */
public final class FixedComputePool implements ComputePool {
    /**
     * How long one spins: longer than another thread's last share of a small product, which its worker would else sleep
     * through, with the first part of the next product (docs/log-earlier.md).
     */
    private static final long SPIN_NANOS = 100_000;

    /**
     * How long one yields after that: longer than it takes until an answer's last token has reached its client and the
     * next request has come, or until first tokens have left between two steps. A processor that is not idle is there
     * at once for who carries a request; a virtual one that was idle came back after 1 to 4 ms in one request of a
     * hundred (docs/log.md).
     */
    private static final long YIELD_NANOS = 1_000_000;

    private static final int SPINS_PER_LOOK = 16; // at the clock; a pause takes 10 to 40 nanoseconds

    private static final int INDEX_BITS = 32;
    private static final long INDEX_MASK = (1L << INDEX_BITS) - 1;
    private static final long CLOSED = INDEX_MASK;

    private final ReentrantLock callers = new ReentrantLock(true); // fair: several actors share the pool
    private final AtomicLong ticket = new AtomicLong(CLOSED);
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Worker[] workers;
    private final boolean pinned;

    private final BooleanSupplier someWork = this::hasWork;
    private final BooleanSupplier allEnded = this::hasEnded;

    private volatile int count;
    private volatile @Nullable IndexedTask task;
    private volatile @Nullable Thread waiting;
    private volatile boolean closed;

    private FixedComputePool(int threads, boolean pinned) {
        this.pinned = pinned;
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker("troupe-compute-" + (i + 1));
        }
    }

    /** A pool in which {@code threads} threads work, the caller's included. */
    public static FixedComputePool create(int threads) {
        return create(threads, false);
    }

    /**
     * The same; with {@code pinned} each of the pool's own threads, which are all but the caller's, stays on one
     * processor.
     */
    public static FixedComputePool create(int threads, boolean pinned) {
        if (threads < 1) {
            throw new IllegalArgumentException("a pool needs at least one thread, not " + threads);
        }
        FixedComputePool pool = new FixedComputePool(threads, pinned);
        for (Worker worker : pool.workers) {
            worker.start();
        }
        return pool;
    }

    @Override
    public int threads() {
        return workers.length + 1;
    }

    @Override
    public void run(int count, IndexedTask task) {
        if (count <= 1 || workers.length == 0 || isNested()) {
            for (int i = 0; i < count; i++) {
                task.run(i);
            }
            return;
        }
        callers.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the compute pool is closed");
            }
            share(count, task);
        } finally {
            callers.unlock();
        }
    }

    /** A task that calls the pool again is run by its own thread: waiting for the others could wait for itself. */
    private boolean isNested() {
        return callers.isHeldByCurrentThread()
                || (Thread.currentThread() instanceof Worker worker && worker.pool() == this);
    }

    private void share(int newCount, IndexedTask newTask) {
        long run = (ticket.get() >>> INDEX_BITS) + 1;
        ended.set(0);
        count = newCount;
        task = newTask;
        ticket.set(run << INDEX_BITS);
        int wanted = Math.min(workers.length, newCount - 1);
        for (int i = 0; i < wanted; i++) {
            workers[i].wake();
        }
        work();
        awaitOthers(newCount);
        ticket.set((run << INDEX_BITS) | CLOSED);
        task = null;
        Throwable thrown = failure.getAndSet(null);
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
    }

    /** Claims and runs indices until there are none. */
    private void work() {
        while (true) {
            long now = ticket.get();
            long index = now & INDEX_MASK;
            if (index == CLOSED) {
                return;
            }
            IndexedTask current = task;
            if (current == null || index >= count) {
                return;
            }
            if (ticket.compareAndSet(now, now + 1)) {
                runOne(current, (int) index);
            }
        }
    }

    private void runOne(IndexedTask current, int index) {
        int wanted = count;
        try {
            current.run(index);
        } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        }
        if (ended.incrementAndGet() == wanted) {
            Thread caller = waiting;
            if (caller != null) {
                LockSupport.unpark(caller);
            }
        }
    }

    private void awaitOthers(int wanted) {
        if (spinUntil(allEnded)) {
            return;
        }
        waiting = Thread.currentThread();
        boolean interrupted = false;
        while (ended.get() < wanted) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted(); // a set flag would turn park into a busy loop
        }
        waiting = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean hasEnded() {
        return ended.get() == count;
    }

    private static boolean spinUntil(BooleanSupplier done) {
        long start = System.nanoTime();
        for (int spins = 1; !done.getAsBoolean(); spins++) {
            if (spins % SPINS_PER_LOOK == 0 && System.nanoTime() - start > SPIN_NANOS) {
                return false;
            }
            Thread.onSpinWait();
        }
        return true;
    }

    @SuppressWarnings("ThreadPriorityCheck") // correct without it: it is a wait that others may use
    private static boolean yieldUntil(BooleanSupplier done) {
        long start = System.nanoTime();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - start > YIELD_NANOS) {
                return false;
            }
            Thread.yield();
        }
        return true;
    }

    private boolean hasWork() {
        long index = ticket.get() & INDEX_MASK;
        return index != CLOSED && index < count;
    }

    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
    }

    private final class Worker extends Thread {
        private volatile boolean parked;

        Worker(String name) {
            super(name);
            setDaemon(true);
        }

        FixedComputePool pool() {
            return FixedComputePool.this;
        }

        @Override
        public void run() {
            if (pinned) {
                Processors.runPinned(this::workUntilClosed);
            } else {
                workUntilClosed();
            }
        }

        private void workUntilClosed() {
            while (!closed) {
                if (hasWork()) {
                    work();
                } else if (!spinUntil(someWork) && !yieldUntil(someWork)) {
                    sleep();
                }
            }
        }

        /** Says that it sleeps before it looks a last time; a caller publishes before it looks for sleepers. */
        private void sleep() {
            parked = true;
            if (!hasWork() && !closed) {
                LockSupport.park(FixedComputePool.this);
            }
            parked = false;
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }
    }
}
