package dev.troupe.actors.serving;

import akka.dispatch.DispatcherPrerequisites;
import akka.dispatch.ExecutorServiceConfigurator;
import akka.dispatch.ExecutorServiceFactory;
import com.typesafe.config.Config;
import java.util.concurrent.ThreadFactory;

/**
 * The executor of {@code troupe.dispatchers.answers}: {@link AnswerCarriers} where one thread is enough,
 * {@link ShortSliceThreads} elsewhere. Named as {@code executor} in the configuration.
 */
public final class AnswerExecutor extends ExecutorServiceConfigurator {
    private final boolean alone;
    private final ShortSliceThreads pools;

    /** Akka makes it. */
    public AnswerExecutor(Config dispatcher, DispatcherPrerequisites prerequisites) {
        super(dispatcher, prerequisites);
        this.alone = AnswerThreads.number(dispatcher) == 1;
        this.pools = new ShortSliceThreads(dispatcher, prerequisites);
    }

    @Override
    public ExecutorServiceFactory createExecutorServiceFactory(String id, ThreadFactory threads) {
        return alone
                ? () -> new AnswerCarriers(ShortSliceThreads.named(id, threads))
                : pools.createExecutorServiceFactory(id, threads);
    }
}
