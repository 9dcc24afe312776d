package dev.troupe.actors.serving;

import akka.dispatch.DispatcherPrerequisites;
import akka.dispatch.ExecutorServiceFactory;
import akka.dispatch.MonitorableThreadFactory;
import akka.dispatch.ThreadPoolExecutorConfigurator;
import com.typesafe.config.Config;
import dev.troupe.model.kernel.parallel.SideThreads;
import dev.troupe.model.kernel.parallel.ThreadSlice;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * A dispatcher's {@code thread-pool-executor} whose threads need not wait until a kernel's slice of the processor is
 * over ({@link ThreadSlice}), and do not take it from who leads kernels ({@link SideThreads}). Named as
 * {@code executor} in the configuration.
 */
public final class ShortSliceThreads extends ThreadPoolExecutorConfigurator {
    /** Akka makes it. */
    public ShortSliceThreads(Config dispatcher, DispatcherPrerequisites prerequisites) {
        super(dispatcher.getConfig("thread-pool-executor"), prerequisites);
    }

    @Override
    public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
        ThreadFactory named = named(id, threads);
        ExecutorServiceFactory pools = super.createExecutorServiceFactory(
                id, work -> named.newThread(() -> ThreadSlice.runWithShortest(work)));
        return () -> new Aside(pools.createExecutorService());
    }

    /** The same threads, with the dispatcher's name in theirs. */
    static ThreadFactory named(String id, ThreadFactory threads) {
        return threads instanceof MonitorableThreadFactory akkas ? akkas.withName(akkas.name() + "-" + id) : threads;
    }

    /** Steps aside before each task. */
    private static final class Aside extends AbstractExecutorService {
        private final ExecutorService pool;

        Aside(ExecutorService pool) {
            this.pool = pool;
        }

        @Override
        public void execute(Runnable task) {
            pool.execute(() -> {
                SideThreads.stepAside();
                task.run();
            });
        }

        @Override
        public void shutdown() {
            pool.shutdown();
        }

        @Override
        public List<Runnable> shutdownNow() {
            return pool.shutdownNow();
        }

        @Override
        public boolean isShutdown() {
            return pool.isShutdown();
        }

        @Override
        public boolean isTerminated() {
            return pool.isTerminated();
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
            return pool.awaitTermination(timeout, unit);
        }
    }
}
