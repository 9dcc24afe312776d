package dev.troupe.actors.training.step;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.data.DataFeeder;
import dev.troupe.actors.training.optim.OptimizerShard;
import dev.troupe.actors.training.stage.PipelineStage;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.mesh.DropoutSeed;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.optim.UpdateOrder;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Runs one step at a time: micro-batches through the stage, then the update, clipped by the gradient's norm. A loss or
 * norm that is no number ends the step before it reaches the weights.
 */
public final class StepRunner {
    /** What the runner may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(RunStep.class)})
    public sealed interface Command extends WireMessage {}

    /**
     * Takes a step; the next one only after the answer.
     *
     * @param step index from 0
     * @param order a learning rate of 0 leaves the weights as they are (moments move)
     */
    public record RunStep(long step, StepOrder order, ActorRef<StepResult> replyTo) implements Command {}

    private record BatchArrived(DataFeeder.MicroBatchReady ready) implements Command {}

    private record GradientsArrived(PipelineStage.GradientsComputed computed) implements Command {}

    private record UpdateArrived(OptimizerShard.Updated updated) implements Command {}

    private record NoAnswer(String from, Throwable failure) implements Command {}

    /** The outcome of a step. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(StepDone.class), @JsonSubTypes.Type(StepDiverged.class)})
    public sealed interface StepResult extends WireMessage {}

    /** Weights are updated. {@code loss} is the mean over the step's micro-batches. */
    public record StepDone(long step, double loss, double gradientNorm, StepTimes times) implements StepResult {}

    /** The loss or the norm is infinite or no number; the weights are still those of the step before. */
    public record StepDiverged(long step, double loss, double gradientNorm) implements StepResult {}

    /**
     * Seconds of the parts of a step; of a mesh's, means over its ranks.
     *
     * @param communication waiting for other ranks, in all parts
     * @param bubble the part of that which was spent waiting for the stages before and after
     * @param copies of the state in the memory of other nodes
     */
    public record StepTimes(
            double data,
            double forwardBackward,
            double gradientNorm,
            double optimizer,
            double communication,
            double bubble,
            double copies) {
        /** Those of one rank, which waits for nobody. */
        public static StepTimes alone(double data, double forwardBackward, double gradientNorm, double optimizer) {
            return new StepTimes(data, forwardBackward, gradientNorm, optimizer, 0, 0, 0);
        }

        /** From the beginning of the step to its end. */
        public double total() {
            return data + forwardBackward + gradientNorm + optimizer + copies;
        }
    }

    /** Who does the parts. */
    public record Parts(
            ActorRef<DataFeeder.Command> feeder,
            ActorRef<PipelineStage.Command> stage,
            ActorRef<OptimizerShard.Command> optimizer,
            long seed,
            Duration timeout) {}

    private final ActorContext<Command> context;
    private final Parts parts;
    private @Nullable RunStep running;
    private int microBatchesDone;
    private double lossSum;
    private double gradientNorm;
    private long dataAsked;
    private double dataSeconds;
    private double forwardBackwardSeconds;
    private double normSeconds;

    private StepRunner(ActorContext<Command> context, Parts parts) {
        this.context = context;
        this.parts = parts;
    }

    /** A runner over these actors. */
    public static Behavior<Command> create(Parts parts) {
        return Behaviors.setup(context -> {
            StepRunner runner = new StepRunner(context, parts);
            return Behaviors.receiveMessage(runner::onCommand);
        });
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case RunStep step -> onRunStep(step);
            case BatchArrived(DataFeeder.MicroBatchReady ready) -> onBatch(ready);
            case GradientsArrived(PipelineStage.GradientsComputed computed) -> onGradients(computed);
            case UpdateArrived(OptimizerShard.Updated updated) -> onUpdate(updated);
            case NoAnswer(String from, Throwable failure) ->
                throw new IllegalStateException(
                        "the " + from + " did not answer within "
                                + parts.timeout().toSeconds() + " s (train.stepTimeoutSeconds): "
                                + failure.getMessage(),
                        failure);
        }
        return Behaviors.same();
    }

    private void onRunStep(RunStep step) {
        if (running != null) {
            throw new IllegalStateException("step " + step.step() + " asked for while another is running");
        }
        running = step;
        microBatchesDone = 0;
        lossSum = 0;
        dataSeconds = 0;
        forwardBackwardSeconds = 0;
        askForBatch(step);
    }

    private void askForBatch(RunStep step) {
        long microBatch = step.order().firstMicroBatch() + microBatchesDone;
        dataAsked = System.nanoTime();
        context.ask(
                DataFeeder.MicroBatchReady.class,
                parts.feeder(),
                parts.timeout(),
                (ActorRef<DataFeeder.MicroBatchReady> replyTo) -> new DataFeeder.Next(microBatch, replyTo),
                (ready, failure) -> ready != null ? new BatchArrived(ready) : noAnswer("data feeder", failure));
    }

    private void onBatch(DataFeeder.MicroBatchReady ready) {
        dataSeconds += (System.nanoTime() - dataAsked) * 1e-9;
        long dropoutSeed = DropoutSeed.of(parts.seed(), ready.ticket().microBatch());
        int microBatches = current().order().microBatches();
        boolean first = microBatchesDone == 0;
        boolean last = microBatchesDone == microBatches - 1;
        context.ask(
                PipelineStage.GradientsComputed.class,
                parts.stage(),
                parts.timeout(),
                (ActorRef<PipelineStage.GradientsComputed> replyTo) -> new PipelineStage.ComputeGradients(
                        ready.ticket(),
                        first,
                        last,
                        (float) current().order().lossScale() / microBatches,
                        dropoutSeed,
                        replyTo),
                (computed, failure) -> {
                    parts.feeder().tell(new DataFeeder.Release(ready.ticket()));
                    return computed != null ? new GradientsArrived(computed) : noAnswer("pipeline stage", failure);
                });
    }

    private void onGradients(PipelineStage.GradientsComputed computed) {
        RunStep step = current();
        lossSum += computed.loss();
        forwardBackwardSeconds += computed.seconds();
        microBatchesDone++;
        if (!Double.isFinite(computed.loss())) {
            finish(new StepDiverged(step.step(), computed.loss(), Double.NaN));
        } else if (microBatchesDone < step.order().microBatches()) {
            askForBatch(step);
        } else {
            update(step, computed);
        }
    }

    private void update(RunStep step, PipelineStage.GradientsComputed last) {
        normSeconds = last.measureSeconds();
        gradientNorm = Math.sqrt(last.sumOfSquares()) / step.order().lossScale();
        if (!Double.isFinite(gradientNorm)) {
            finish(new StepDiverged(step.step(), loss(), gradientNorm));
            return;
        }
        context.ask(
                OptimizerShard.Updated.class,
                parts.optimizer(),
                parts.timeout(),
                (ActorRef<OptimizerShard.Updated> replyTo) -> new OptimizerShard.Update(
                        new UpdateOrder(
                                step.order().learningRate(), step.order().lossScale(), gradientNorm),
                        replyTo),
                (updated, failure) ->
                        updated != null ? new UpdateArrived(updated) : noAnswer("optimizer shard", failure));
    }

    private void onUpdate(OptimizerShard.Updated updated) {
        StepTimes times = StepTimes.alone(dataSeconds, forwardBackwardSeconds, normSeconds, updated.seconds());
        finish(new StepDone(current().step(), loss(), gradientNorm, times));
    }

    private double loss() {
        return lossSum / current().order().microBatches();
    }

    private void finish(StepResult result) {
        RunStep step = current();
        running = null;
        step.replyTo().tell(result);
    }

    private RunStep current() {
        if (running == null) {
            throw new IllegalStateException("an answer arrived, but no step is running");
        }
        return running;
    }

    private static Command noAnswer(String from, @Nullable Throwable failure) {
        return new NoAnswer(from, failure == null ? new IllegalStateException("empty answer") : failure);
    }
}
