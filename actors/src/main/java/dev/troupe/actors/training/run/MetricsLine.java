package dev.troupe.actors.training.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.wire.WireMessage;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A line of {@code metrics.jsonl}; its field {@code kind} says which. Numbers of steps count steps that are done. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = MetricsLine.Step.class, name = "step"),
    @JsonSubTypes.Type(value = MetricsLine.Evaluation.class, name = "evaluation"),
    @JsonSubTypes.Type(value = MetricsLine.Checkpoint.class, name = "checkpoint"),
    @JsonSubTypes.Type(value = MetricsLine.CheckpointFailure.class, name = "checkpoint-failure"),
    @JsonSubTypes.Type(value = MetricsLine.StepsFixed.class, name = "steps-fixed"),
    @JsonSubTypes.Type(value = MetricsLine.Rollback.class, name = "rollback"),
    @JsonSubTypes.Type(value = MetricsLine.Reshape.class, name = "reshape"),
    @JsonSubTypes.Type(value = MetricsLine.Restart.class, name = "restart"),
    @JsonSubTypes.Type(value = MetricsLine.LossScaled.class, name = "loss-scaled"),
    @JsonSubTypes.Type(value = MetricsLine.Seating.class, name = "seating"),
    @JsonSubTypes.Type(value = MetricsLine.Recovery.class, name = "recovery"),
    @JsonSubTypes.Type(value = MetricsLine.Begin.class, name = "begin"),
    @JsonSubTypes.Type(value = MetricsLine.EvaluationFailure.class, name = "evaluation-failure"),
    @JsonSubTypes.Type(value = MetricsLine.Shadow.class, name = "shadow")
})
@JsonInclude(JsonInclude.Include.ALWAYS)
public sealed interface MetricsLine extends WireMessage {
    long step();

    /**
     * A step.
     *
     * @param loss nats a token
     * @param tokens trained on since step 0
     * @param seconds of the step, its parts and what lies between them
     * @param communicationSeconds in which ranks of a mesh wait for each other, in whatever part
     * @param bubbleSeconds the part of those in which stages wait for their neighbours
     * @param copySeconds of copying the state to other nodes
     */
    record Step(
            long step,
            double loss,
            double learningRate,
            double gradientNorm,
            long tokens,
            double seconds,
            double dataSeconds,
            double forwardBackwardSeconds,
            double gradientNormSeconds,
            double optimizerSeconds,
            double communicationSeconds,
            double bubbleSeconds,
            double copySeconds)
            implements MetricsLine {
        /**
         * A step of these parts.
         *
         * @param seconds from the end of the step before
         */
        public static Step of(
                long step,
                double loss,
                double learningRate,
                double gradientNorm,
                long tokens,
                double seconds,
                StepRunner.StepTimes times) {
            return new Step(
                    step,
                    loss,
                    learningRate,
                    gradientNorm,
                    tokens,
                    seconds,
                    times.data(),
                    times.forwardBackward(),
                    times.gradientNorm(),
                    times.optimizer(),
                    times.communication(),
                    times.bubble(),
                    times.copies());
        }
    }

    /**
     * A process begins to lead the run.
     *
     * @param parameters of the model
     * @param flopsPerToken of training
     * @param nodes that compute, as far as they are known: those of a mesh are seated later
     */
    record Begin(long step, long parameters, double flopsPerToken, List<NodeResources> nodes) implements MetricsLine {
        public Begin {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * A held-out loss, nats a token. It may be known long after its step.
     *
     * @param tokens predicted
     * @param node that evaluated the step's checkpoint; null for the run's own ranks
     * @param scores of evaluation tasks by name
     */
    record Evaluation(
            long step,
            double valLoss,
            long tokens,
            double busySeconds,
            @Nullable String node,
            Map<String, Double> scores)
            implements MetricsLine {
        @SuppressWarnings("ConstantValue") // null in files of earlier versions
        public Evaluation {
            scores = scores == null ? Map.of() : Map.copyOf(scores);
        }

        /** One of the run's own ranks. */
        public Evaluation(long step, double valLoss, long tokens, double busySeconds) {
            this(step, valLoss, tokens, busySeconds, null, Map.of());
        }
    }

    /** A checkpoint that was not evaluated, or a task of it that was not measured. */
    record EvaluationFailure(long step, String message) implements MetricsLine {}

    /**
     * The model that the run is compared with, on the same held-out windows.
     *
     * @param step of the run meanwhile
     * @param path of the model
     * @param parameters of the model
     * @param trainedTokens that it has learned from; -1 when that is not known
     * @param windows of held-out text
     * @param valLoss nats a token
     * @param tokens predicted
     */
    record Shadow(
            long step,
            String path,
            long parameters,
            long trainedTokens,
            int windows,
            double valLoss,
            long tokens,
            double seconds)
            implements MetricsLine {}

    /** A checkpoint on disk. */
    record Checkpoint(long step, String path, double pauseSeconds, double seconds) implements MetricsLine {}

    /** A checkpoint that could not be written. */
    record CheckpointFailure(long step, String message) implements MetricsLine {}

    /** A time budget was turned into steps. */
    record StepsFixed(long step, long totalSteps) implements MetricsLine {}

    /** Another attempt at the run begins, from a checkpoint, or its beginning: the lines of later steps are gone. */
    sealed interface Anew extends MetricsLine {}

    /**
     * The run went back to a checkpoint, or its beginning. The lines of the steps that were taken back are gone.
     *
     * @param step that it went back to
     * @param fromStep steps taken until then
     * @param learningRateFactor what the schedule's rates are multiplied with from here on
     * @param microBatch the next: those in between are not trained on again
     * @param totalSteps of the run; 0 while a time budget has not been turned into steps
     */
    record Rollback(
            long step, long fromStep, String reason, double learningRateFactor, long microBatch, long totalSteps)
            implements Anew {}

    /**
     * The run goes on with another mesh, from a checkpoint, or its beginning. The lines of the steps that are taken
     * again are gone.
     *
     * @param mesh data x tensor x pipeline
     */
    record Reshape(long step, String mesh, String cause) implements Anew {}

    /**
     * The run had to go back to its latest checkpoint, which was damaged, so it goes on from one before it, or its
     * beginning.
     *
     * @param step that it goes on from
     * @param fromStep steps taken until then
     * @param cause names what was lost, and what is wrong with which checkpoint
     */
    record Restart(long step, long fromStep, String cause) implements Anew {}

    /** The gradients of the step after {@code step} overflowed, so it was taken again with this loss scale. */
    record LossScaled(long step, double lossScale) implements MetricsLine {}

    /** Ranks of a mesh have their first nodes. */
    record Seating(long step, double seconds, List<NodeResources> nodes) implements MetricsLine {
        public Seating {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * Ranks of a mesh go on after a loss.
     *
     * @param lost names of nodes
     * @param seconds since it was noticed
     */
    record Recovery(long step, List<String> lost, String cause, double seconds, List<NodeResources> nodes)
            implements MetricsLine {
        public Recovery {
            lost = List.copyOf(lost);
            nodes = List.copyOf(nodes);
        }
    }
}
