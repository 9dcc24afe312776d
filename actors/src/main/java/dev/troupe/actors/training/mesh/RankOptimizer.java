package dev.troupe.actors.training.mesh;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.AskPattern;
import dev.troupe.actors.training.optim.OptimizerShard;
import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.optim.UpdateOrder;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A rank's {@link OptimizerShard}, as the rank sees it: its thread, which may wait, hands the update of its slices over
 * and goes on when the weights are there. Closing waits for an update under way, so that memory stays until it has
 * ended, and ends the actor.
 */
final class RankOptimizer implements AutoCloseable {
    private final ActorSystem<?> system;
    private final ActorRef<OptimizerShard.Command> shard;
    private final Duration timeout;
    private final CompletableFuture<OptimizerShard.Updated> failure = new CompletableFuture<>(); // only ever fails
    private @Nullable ShardUpdate slices; // guarded by this; null before there are any, and after the end

    /**
     * Starts the actor, as a child of the node's.
     *
     * @param timeout of an update
     */
    RankOptimizer(ActorContext<?> node, long epoch, int rank, Duration timeout) {
        this.system = node.getSystem();
        this.timeout = timeout;
        this.shard = node.spawn(
                OptimizerShard.create(this::update, this::ended),
                "optimizer-shard-" + epoch + "-" + rank,
                OptimizerShard.dispatcher());
    }

    /** Takes over the update of a rank's slices; the rank calls what this gives it. */
    synchronized ShardUpdate own(ShardUpdate update) {
        slices = update;
        return this::ask;
    }

    /** On the rank's thread. An interruption does not end the wait: the update is no peer. */
    private long ask(UpdateOrder order) {
        CompletableFuture<OptimizerShard.Updated> answer =
                AskPattern.<OptimizerShard.Command, OptimizerShard.Updated>ask(
                                shard,
                                replyTo -> new OptimizerShard.Update(order, replyTo),
                                timeout,
                                system.scheduler())
                        .toCompletableFuture();
        try {
            // The ask has a limit, too, but not in an actor system that ends. It fails at once where the actor has
            // ended,
            // so what that was for comes first.
            CompletableFuture<Object> first =
                    CompletableFuture.anyOf(failure, answer).orTimeout(2 * timeout.toMillis(), TimeUnit.MILLISECONDS);
            return ((OptimizerShard.Updated) first.join()).steps();
        } catch (CompletionException e) {
            throw new IllegalStateException("the optimizer shard took no step: " + e.getCause(), e.getCause());
        }
    }

    /** On the actor's thread. */
    private synchronized long update(UpdateOrder order) {
        ShardUpdate owned = slices;
        try {
            if (owned == null) {
                throw new IllegalStateException("the rank has ended");
            }
            return owned.update(order);
        } catch (RuntimeException | Error e) { // whoever waits hears what it was
            failure.completeExceptionally(e);
            throw e;
        }
    }

    /** The actor may end before the rank does, as when its node is stopped: nothing answers any more. */
    private void ended() {
        failure.completeExceptionally(new IllegalStateException("its actor has ended"));
    }

    @Override
    public void close() {
        synchronized (this) {
            slices = null;
        }
        shard.tell(new OptimizerShard.End());
    }
}
