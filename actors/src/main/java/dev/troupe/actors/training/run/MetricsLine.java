package dev.troupe.actors.training.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.wire.WireMessage;
import java.util.List;

/** A line of {@code metrics.jsonl}; its field {@code kind} says which. Numbers of steps count steps that are done. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = MetricsLine.Step.class, name = "step"),
    @JsonSubTypes.Type(value = MetricsLine.Evaluation.class, name = "evaluation"),
    @JsonSubTypes.Type(value = MetricsLine.Checkpoint.class, name = "checkpoint"),
    @JsonSubTypes.Type(value = MetricsLine.CheckpointFailure.class, name = "checkpoint-failure"),
    @JsonSubTypes.Type(value = MetricsLine.StepsFixed.class, name = "steps-fixed"),
    @JsonSubTypes.Type(value = MetricsLine.Seating.class, name = "seating"),
    @JsonSubTypes.Type(value = MetricsLine.Recovery.class, name = "recovery")
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

    /** A held-out loss, nats a token. */
    record Evaluation(long step, double valLoss, long tokens, double busySeconds) implements MetricsLine {}

    /** A checkpoint on disk. */
    record Checkpoint(long step, String path, double pauseSeconds, double seconds) implements MetricsLine {}

    /** A checkpoint that could not be written. */
    record CheckpointFailure(long step, String message) implements MetricsLine {}

    /** A time budget was turned into steps. */
    record StepsFixed(long step, long totalSteps) implements MetricsLine {}

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
