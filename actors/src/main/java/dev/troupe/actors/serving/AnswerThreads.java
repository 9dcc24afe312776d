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
    private static final String FIXED = "fixed-pool-size";

    private AnswerThreads() {}

    /** For an actor on the way. */
    public static DispatcherSelector selector() {
        return DispatcherSelector.fromConfig(NAME);
    }

    /**
     * What carries answers, where one thread does at a time: what is given to it is done in that order, one thing after
     * the other.
     */
    public static Optional<Executor> alone(ActorSystem<?> system) {
        return number(system.settings().config().getConfig(NAME)) == 1
                ? Optional.of(system.dispatchers().lookup(selector()))
                : Optional.empty();
    }

    /** How many there are by the dispatcher's configuration. */
    static int number(Config dispatcher) {
        Config pool = dispatcher.getConfig("thread-pool-executor");
        if (pool.hasPath(FIXED) && !pool.getString(FIXED).equals("off")) {
            return pool.getInt(FIXED);
        }
        return ThreadPoolConfig.scaledPoolSize(
                pool.getInt("core-pool-size-min"),
                pool.getDouble("core-pool-size-factor"),
                pool.getInt("core-pool-size-max"));
    }
}
