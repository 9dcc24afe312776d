package dev.troupe.actors.dispatch;

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
 *
 * <p>Where answers have one thread, it is theirs and, with {@code waits = on}, of whoever waits for sockets
 * ({@link WaitingThread}).
 */
public final class ShortSliceThreads extends ThreadPoolExecutorConfigurator {
    private final boolean waits;
    private final boolean shared;
    private final Object system;

    /** Akka makes it. */
    public ShortSliceThreads(Config dispatcher, DispatcherPrerequisites prerequisites) {
        super(dispatcher.getConfig("thread-pool-executor"), prerequisites);
        waits = dispatcher.getBoolean("waits");
        shared = AnswerThreads.number(prerequisites.settings().config()) == 1;
        system = prerequisites.eventStream();
    }

    @Override
    public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
        ThreadFactory named =
                threads instanceof MonitorableThreadFactory akkas ? akkas.withName(akkas.name() + "-" + id) : threads;
        ThreadFactory shortest = work -> named.newThread(() -> ThreadSlice.runWithShortest(work));
        return shared
                ? () -> SharedThread.of(system).open(shortest, waits)
                : super.createExecutorServiceFactory(id, shortest);
    }
}
