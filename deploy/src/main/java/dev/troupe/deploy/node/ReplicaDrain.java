package dev.troupe.deploy.node;

import akka.Done;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import dev.troupe.actors.serving.ReplicaProtocol;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a replica finish the answers that it has begun when its node ends, before the node leaves its cluster. That is
 * behind the phase in which a front of the same node finishes what it was asked, which may still need the replica; the
 * time that answers are given counts from the beginning of the shutdown, so that both together take no longer than one.
 */
final class ReplicaDrain {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaDrain.class);

    private static final String PHASE = CoordinatedShutdown.PhaseServiceStop();
    /** Of the phase: for what the replica does beside waiting. */
    private static final Duration PHASE_MARGIN = Duration.ofSeconds(1);
    /** For a replica that the front left no time: it still refuses what comes, and says so if it is idle. */
    private static final Duration LEAST = Duration.ofMillis(500);

    private ReplicaDrain() {}

    /**
     * @param loaded fails when the replica's model cannot be loaded: such a replica has ended, and is not asked
     * @param limit how long answers may take when the node ends; less where the phase has less time
     */
    static void atShutdown(
            ActorSystem<?> system,
            ActorRef<ReplicaProtocol.Command> replica,
            CompletableFuture<?> loaded,
            Duration limit) {
        CoordinatedShutdown shutdown = CoordinatedShutdown.get(system);
        AtomicLong begin = new AtomicLong(System.nanoTime());
        shutdown.addTask(CoordinatedShutdown.PhaseBeforeServiceUnbind(), "replica-drain-begins", () -> {
            begin.set(System.nanoTime());
            return CompletableFuture.completedFuture(Done.getInstance());
        });
        shutdown.addTask(PHASE, "replica-drain", () -> {
            boolean removed = shutdown.getShutdownReason()
                    .filter(CoordinatedShutdown.clusterDowningReason()::equals)
                    .isPresent();
            if (removed || loaded.isCompletedExceptionally()) { // others go on with its answers already, or it has none
                return CompletableFuture.completedFuture(Done.getInstance());
            }
            Duration left = limit.minusNanos(System.nanoTime() - begin.get());
            Duration room = Duration.ofNanos(shutdown.timeout(PHASE).toNanos()).minus(PHASE_MARGIN);
            Duration time = room.compareTo(left) < 0 ? room : left;
            return drained(system, replica, time.compareTo(LEAST) < 0 ? LEAST : time);
        });
    }

    private static CompletionStage<Done> drained(
            ActorSystem<?> system, ActorRef<ReplicaProtocol.Command> replica, Duration time) {
        CompletionStage<ReplicaProtocol.Drained> drained =
                AskPattern.ask(replica, ReplicaProtocol.Drain::new, time, system.scheduler());
        return drained.handle((ok, failure) -> {
            if (failure != null) {
                LOG.warn("the replica has not drained within {} ms: {}", time.toMillis(), failure.getMessage());
            }
            return Done.getInstance();
        });
    }
}
