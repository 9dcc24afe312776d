package dev.troupe.actors.training.optim;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.training.exchange.TensorTicket;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.transformer.Parameters;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Owns the moments of a range of parameters and takes AdamW's steps over it. */
public final class OptimizerShard {
    /** What a shard may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Update.class)})
    public sealed interface Command extends WireMessage {}

    /**
     * Takes a step.
     *
     * @param lossScale that the gradients are multiplied with
     * @param gradientNorm L2 norm over all shards without it, for clipping
     */
    public record Update(
            TensorTicket weights,
            TensorTicket gradients,
            double learningRate,
            double lossScale,
            double gradientNorm,
            ActorRef<Updated> replyTo)
            implements Command {}

    private record Computed(Runnable answer) implements Command {}

    private record ComputationFailed(Throwable failure) implements Command {}

    /** The answer: steps taken so far. */
    public record Updated(long steps, double seconds) implements WireMessage {}

    private final ActorContext<Command> context;
    private final AdamW adamW;
    private final OptimizerState state;
    private final RunMemory memory;
    private final Executor compute;

    private OptimizerShard(ActorContext<Command> context, AdamW adamW, OptimizerState state, RunMemory memory) {
        this.context = context;
        this.adamW = adamW;
        this.state = state;
        this.memory = memory;
        this.compute =
                context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig("troupe.dispatchers.compute"));
    }

    /** A shard over a state that belongs to {@code memory}. */
    public static Behavior<Command> create(AdamW adamW, OptimizerState state, RunMemory memory) {
        return Behaviors.setup(context -> {
            OptimizerShard actor = new OptimizerShard(context, adamW, state, memory);
            return Behaviors.receiveMessage(actor::onCommand);
        });
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Update message -> start(() -> update(message));
            case Computed(Runnable answer) -> answer.run();
            case ComputationFailed(Throwable failure) ->
                throw new IllegalStateException("updating the weights failed: " + failure, failure);
        }
        return Behaviors.same();
    }

    private void start(Callable<Runnable> work) {
        context.pipeToSelf(memory.submit(compute, work), OptimizerShard::outcome);
    }

    private static Command outcome(@Nullable Runnable answer, @Nullable Throwable failure) {
        return answer != null
                ? new Computed(answer)
                : new ComputationFailed(failure == null ? new IllegalStateException("no answer") : failure);
    }

    private Runnable update(Update message) {
        long start = System.nanoTime();
        Parameters weights = memory.resolve(message.weights(), Parameters.class);
        Parameters gradients = memory.resolve(message.gradients(), Parameters.class);
        double gradientScale = adamW.clipScale(message.gradientNorm()) / message.lossScale();
        adamW.step(state, weights, gradients, message.learningRate(), gradientScale);
        var answer = new Updated(state.step(), (System.nanoTime() - start) * 1e-9);
        return () -> message.replyTo().tell(answer);
    }
}
