package dev.troupe.actors.dispatch;

import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A {@link WaitingThread} that two dispatchers of an actor system share: it is there as long as one of them is. One
 * gives it tasks that may wait, the other tasks that do not.
 */
final class SharedThread {
    private static final Map<Object, SharedThread> BY_SYSTEM = new WeakHashMap<>();

    private @Nullable WaitingThread thread; // guarded by this
    private int numUsers; // guarded by this

    private SharedThread() {}

    /** @param system what all dispatchers of one have, and no other's */
    static synchronized SharedThread of(Object system) {
        return BY_SYSTEM.computeIfAbsent(system, key -> new SharedThread());
    }

    /** Opens it for one dispatcher, with a thread of {@code threads} where there is none yet. */
    synchronized ExecutorService open(ThreadFactory threads, boolean waits) {
        WaitingThread open = thread;
        if (open == null) {
            open = new WaitingThread(threads);
            thread = open;
        }
        numUsers++;
        return new View(open, waits);
    }

    private synchronized void leave() {
        if (--numUsers == 0 && thread != null) {
            thread.close();
            thread = null;
        }
    }

    private final class View extends AbstractExecutorService {
        private final WaitingThread own;
        private final boolean waits;
        private boolean shut; // guarded by this

        View(WaitingThread own, boolean waits) {
            this.own = own;
            this.waits = waits;
        }

        @Override
        public void execute(Runnable work) {
            own.execute(work, waits);
        }

        @Override
        public void shutdown() {
            synchronized (this) {
                if (shut) {
                    return;
                }
                shut = true;
            }
            leave();
        }

        /** What was given before is done: it is not told apart from the other dispatcher's. */
        @Override
        public List<Runnable> shutdownNow() {
            shutdown();
            return List.of();
        }

        @Override
        public synchronized boolean isShutdown() {
            return shut;
        }

        @Override
        public boolean isTerminated() {
            return isShutdown() && own.isEnded();
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
            return own.join(unit.toMillis(timeout));
        }
    }
}
