package dev.troupe.actors.serving.replica;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.AnswerCarriers;
import dev.troupe.actors.serving.AnswerThreads;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Systems in which one thread at a time carries answers, however many processors there are. */
final class OneAnswerThread {
    static final Config CONFIG = ConfigFactory.parseString(
                    "troupe.dispatchers.answers.thread-pool-executor.core-pool-size-max = 1")
            .withFallback(ConfigFactory.load());

    private OneAnswerThread() {}

    /** The dispatcher, which has an actor, so that it stays the same. */
    static Executor inhabited(ActorTestKit kit) {
        kit.spawn(Behaviors.empty(), AnswerThreads.selector());
        return AnswerThreads.alone(kit.system()).orElseThrow();
    }

    static AnswerCarriers carriers(Executor dispatcher) {
        return CompletableFuture.supplyAsync(AnswerCarriers::current, dispatcher)
                .join()
                .orElseThrow();
    }
}
