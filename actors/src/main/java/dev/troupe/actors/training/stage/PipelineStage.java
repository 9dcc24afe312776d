package dev.troupe.actors.training.stage;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.data.DataFeeder;
import dev.troupe.actors.training.exchange.MicroBatchTicket;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.TrainingStage;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Owns a range of layers: their activations and gradients. Computes on the compute dispatcher, one message's work at a
 * time; whoever sends waits for the answer before the next message, so that the order of sums is fixed.
 */
public final class PipelineStage {
    /** What a stage may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(ComputeGradients.class)})
    public sealed interface Command extends WireMessage {}

    /**
     * Forward and backward of a micro-batch.
     *
     * @param first whether gradients start at zero, else they are added to
     * @param last whether the gradients are complete then, and to be measured
     * @param gradientScale multiplies the gradients of the mean loss: loss scale / number of micro-batches
     */
    public record ComputeGradients(
            MicroBatchTicket ticket,
            boolean first,
            boolean last,
            float gradientScale,
            long dropoutSeed,
            ActorRef<GradientsComputed> replyTo)
            implements Command {}

    private record Computed(Runnable answer) implements Command {}

    private record ComputationFailed(Throwable failure) implements Command {}

    /**
     * The answer to {@link ComputeGradients}.
     *
     * @param loss mean, nats a token
     * @param sumOfSquares of this stage's gradients after the last micro-batch, 0 before
     * @param seconds of forward and backward
     * @param measureSeconds of the sum of squares
     */
    public record GradientsComputed(
            long microBatch, double loss, double sumOfSquares, double seconds, double measureSeconds)
            implements WireMessage {}

    private final ActorContext<Command> context;
    private final TrainingStage stage;
    private final Parameters gradients;
    private final Kernels kernels;
    private final RunMemory memory;
    private final Executor compute;

    private PipelineStage(
            ActorContext<Command> context,
            TrainingStage stage,
            Parameters gradients,
            Kernels kernels,
            RunMemory memory) {
        this.context = context;
        this.stage = stage;
        this.gradients = gradients;
        this.kernels = kernels;
        this.memory = memory;
        this.compute =
                context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig("troupe.dispatchers.compute"));
    }

    /** A stage over memory that belongs to {@code memory}. */
    public static Behavior<Command> create(
            TrainingStage stage, Parameters gradients, Kernels kernels, RunMemory memory) {
        return Behaviors.setup(context -> {
            PipelineStage actor = new PipelineStage(context, stage, gradients, kernels, memory);
            return Behaviors.receiveMessage(actor::onCommand);
        });
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case ComputeGradients message -> start(() -> computeGradients(message));
            case Computed(Runnable answer) -> answer.run();
            case ComputationFailed(Throwable failure) ->
                throw new IllegalStateException("computing gradients failed: " + failure, failure);
        }
        return Behaviors.same();
    }

    private void start(Callable<Runnable> work) {
        context.pipeToSelf(memory.submit(compute, work), PipelineStage::outcome);
    }

    private static Command outcome(@Nullable Runnable answer, @Nullable Throwable failure) {
        return answer != null
                ? new Computed(answer)
                : new ComputationFailed(failure == null ? new IllegalStateException("no answer") : failure);
    }

    private Runnable computeGradients(ComputeGradients message) {
        long start = System.nanoTime();
        if (message.first()) {
            stage.startGradients();
        }
        var buffer = DataFeeder.buffer(memory, message.ticket());
        double loss = stage.forwardBackward(
                buffer.inputs(), buffer.targets(), message.gradientScale(), message.dropoutSeed());
        double seconds = secondsSince(start);
        double sumOfSquares = message.last()
                ? kernels.elementwise().sumOfSquares(0, gradients.layout().size(), gradients.flat())
                : 0;
        var answer = new GradientsComputed(
                message.ticket().microBatch(), loss, sumOfSquares, seconds, secondsSince(start) - seconds);
        return () -> message.replyTo().tell(answer);
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) * 1e-9;
    }
}
