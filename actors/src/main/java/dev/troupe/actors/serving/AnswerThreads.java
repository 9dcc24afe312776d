package dev.troupe.actors.serving;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import akka.dispatch.ThreadPoolConfig;
import com.typesafe.config.Config;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * The threads that carry answers from a replica to sockets, and requests on their way there; one for each eight
 * processors ({@code troupe.dispatchers.answers}). Beside kernels on all processors each change of thread may wait for
 * one, so there is none on the way. What takes long belongs elsewhere.
 */
public final class AnswerThreads {
    private static final String NAME = "troupe.dispatchers.answers";

    private AnswerThreads() {}

    /** For an actor on the way. */
    public static DispatcherSelector selector() {
        return DispatcherSelector.fromConfig(NAME);
    }

    /** The only one, where there are no more: what is given to it is done in that order, one thing at a time. */
    public static Optional<Executor> alone(ActorSystem<?> system) {
        Config pool = system.settings().config().getConfig(NAME + ".thread-pool-executor");
        int threads = ThreadPoolConfig.scaledPoolSize(
                pool.getInt("core-pool-size-min"),
                pool.getDouble("core-pool-size-factor"),
                pool.getInt("core-pool-size-max"));
        return threads == 1 ? Optional.of(system.dispatchers().lookup(selector())) : Optional.empty();
    }
}
