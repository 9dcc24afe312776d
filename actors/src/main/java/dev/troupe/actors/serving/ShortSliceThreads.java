package dev.troupe.actors.serving;

import akka.dispatch.DispatcherPrerequisites;
import akka.dispatch.ExecutorServiceFactory;
import akka.dispatch.MonitorableThreadFactory;
import akka.dispatch.ThreadPoolExecutorConfigurator;
import com.typesafe.config.Config;
import dev.troupe.model.kernel.parallel.ThreadSlice;
import java.util.concurrent.ThreadFactory;

/**
 * A dispatcher's {@code thread-pool-executor} whose threads need not wait until a kernel's slice of the processor is
 * over ({@link ThreadSlice}). Named as {@code executor} in the configuration.
 */
public final class ShortSliceThreads extends ThreadPoolExecutorConfigurator {
    /** Akka makes it. */
    public ShortSliceThreads(Config dispatcher, DispatcherPrerequisites prerequisites) {
        super(dispatcher.getConfig("thread-pool-executor"), prerequisites);
    }

    @Override
    public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
        ThreadFactory named =
                threads instanceof MonitorableThreadFactory akkas ? akkas.withName(akkas.name() + "-" + id) : threads;
        return super.createExecutorServiceFactory(id, work -> named.newThread(() -> ThreadSlice.runWithShortest(work)));
    }
}
