package dev.troupe.actors.training.optim;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.optim.UpdateOrder;

/**
 * Owns the moments of a shard and takes the optimizer's steps over it: all parameters of a process that trains by
 * itself, a rank's slices on a mesh. Start it on {@link #dispatcher}, as it computes where it is told to. It fails with
 * an update that fails, after which its state is unknown.
 */
public final class OptimizerShard {
    /** What a shard may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Update.class), @JsonSubTypes.Type(End.class)})
    public sealed interface Command extends WireMessage {}

    /** Takes a step. */
    public record Update(UpdateOrder order, ActorRef<Updated> replyTo) implements Command {}

    /** There are no more steps. */
    public record End() implements Command {}

    /** The answer to {@link Update}: steps taken so far. */
    public record Updated(long steps, double seconds) implements WireMessage {}

    private OptimizerShard() {}

    /** A thread for each shard, so that no update waits behind an evaluation. */
    public static DispatcherSelector dispatcher() {
        return DispatcherSelector.fromConfig("troupe.dispatchers.optimizer");
    }

    /** A shard; nobody else calls {@code update}, and it sees to it that its memory stays while it runs. */
    public static Behavior<Command> create(ShardUpdate update) {
        return create(update, () -> {});
    }

    /** The same for whoever has to hear when there are no more answers: {@code ended} is called however it ends. */
    public static Behavior<Command> create(ShardUpdate update, Runnable ended) {
        return Behaviors.receive(Command.class)
                .onAnyMessage(command -> switch (command) {
                    case Update(UpdateOrder order, ActorRef<Updated> replyTo) -> {
                        replyTo.tell(updated(update, order));
                        yield Behaviors.same();
                    }
                    case End() -> Behaviors.stopped();
                })
                .onSignal(PostStop.class, _ -> {
                    ended.run();
                    return Behaviors.same();
                })
                .build();
    }

    private static Updated updated(ShardUpdate update, UpdateOrder order) {
        long start = System.nanoTime();
        try {
            long steps = update.update(order);
            return new Updated(steps, (System.nanoTime() - start) * 1e-9);
        } catch (RuntimeException e) {
            throw new IllegalStateException("updating the weights failed: " + e, e);
        }
    }
}
