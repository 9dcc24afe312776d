package dev.troupe.actors.training;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.wire.WireMessage;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a run tells its listener; {@link Completed} or {@link Failed} is the last. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
    @JsonSubTypes.Type(TrainingEvent.Started.class),
    @JsonSubTypes.Type(TrainingEvent.StepsFixed.class),
    @JsonSubTypes.Type(TrainingEvent.Progress.class),
    @JsonSubTypes.Type(TrainingEvent.RolledBack.class),
    @JsonSubTypes.Type(TrainingEvent.Reshaped.class),
    @JsonSubTypes.Type(TrainingEvent.Restarted.class),
    @JsonSubTypes.Type(TrainingEvent.Seated.class),
    @JsonSubTypes.Type(TrainingEvent.Recovered.class),
    @JsonSubTypes.Type(TrainingEvent.Evaluated.class),
    @JsonSubTypes.Type(TrainingEvent.EvaluationFailed.class),
    @JsonSubTypes.Type(TrainingEvent.TasksUnmeasured.class),
    @JsonSubTypes.Type(TrainingEvent.EvaluatorsChanged.class),
    @JsonSubTypes.Type(TrainingEvent.ShadowEvaluated.class),
    @JsonSubTypes.Type(TrainingEvent.CheckpointWritten.class),
    @JsonSubTypes.Type(TrainingEvent.CheckpointFailed.class),
    @JsonSubTypes.Type(TrainingEvent.NodeExcluded.class),
    @JsonSubTypes.Type(TrainingEvent.Completed.class),
    @JsonSubTypes.Type(TrainingEvent.Failed.class)
})
public sealed interface TrainingEvent extends WireMessage {
    /** Which run. */
    String runId();

    /**
     * Weights are in memory and training begins.
     *
     * @param parameters of the model
     * @param fromStep steps already done by the run that is resumed; 0 for a new one
     * @param totalSteps 0 while a time budget has not been turned into steps yet
     * @param resumedFrom the checkpoint, when resuming
     */
    record Started(
            String runId,
            long parameters,
            int tokensPerStep,
            long fromStep,
            long totalSteps,
            @Nullable String resumedFrom)
            implements TrainingEvent {}

    /** A time budget has been turned into steps. */
    record StepsFixed(String runId, long totalSteps, double secondsPerStep) implements TrainingEvent {}

    /**
     * A step is done.
     *
     * @param step from 1
     * @param totalSteps an estimate until {@link StepsFixed}
     * @param loss mean cross-entropy of the step's tokens, nats
     * @param valLoss of the latest step that was evaluated
     * @param tokens trained on since step 0
     * @param tokensPerSecond over the last seconds
     */
    record Progress(
            String runId,
            long step,
            long totalSteps,
            double loss,
            @Nullable Double valLoss,
            double learningRate,
            double gradientNorm,
            long tokens,
            double tokensPerSecond,
            double etaSeconds)
            implements TrainingEvent {}

    /**
     * The run went back because its loss left its course, and goes on with a lower learning rate.
     *
     * @param fromStep steps taken until then
     * @param step that it goes on from
     * @param learningRateFactor what the schedule's rates are multiplied with from here on
     * @param checkpoint that it went back to; null for the beginning
     */
    record RolledBack(
            String runId,
            long fromStep,
            long step,
            String reason,
            double learningRateFactor,
            @Nullable String checkpoint)
            implements TrainingEvent {}

    /**
     * The run goes on with another mesh, from a checkpoint.
     *
     * @param step that it goes on from
     * @param mesh data x tensor x pipeline
     */
    record Reshaped(String runId, long step, String mesh, String cause) implements TrainingEvent {}

    /**
     * The checkpoint that the run had to go back to was damaged, so it goes on from one before it.
     *
     * @param fromStep steps taken until then
     * @param step that it goes on from
     * @param cause names what was lost, and what is wrong with which checkpoint
     * @param checkpoint that it goes on from; null for the beginning
     */
    record Restarted(
            String runId,
            long fromStep,
            long step,
            String cause,
            @Nullable String checkpoint) implements TrainingEvent {}

    /**
     * Ranks of a mesh have their first nodes.
     *
     * @param placement why they are where they are
     */
    record Seated(String runId, String placement, double seconds, List<NodeResources> nodes) implements TrainingEvent {
        public Seated {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * Ranks of a mesh go on after a loss.
     *
     * @param step that is taken next
     * @param lost names of nodes; none when a node failed and still answers
     * @param cause what was noticed first
     * @param placement why ranks are where they are
     * @param seconds since then
     * @param nodes those that have ranks now
     */
    record Recovered(
            String runId,
            long step,
            List<String> lost,
            String cause,
            String placement,
            double seconds,
            List<NodeResources> nodes)
            implements TrainingEvent {
        public Recovered {
            lost = List.copyOf(lost);
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * Held-out loss of the weights after {@code step}, which may be long ago.
     *
     * @param valLoss mean cross-entropy, nats a token
     * @param tokens predicted
     * @param node that evaluated the step's checkpoint; null for the run's own ranks
     * @param scores of evaluation tasks by name
     */
    record Evaluated(
            String runId,
            long step,
            double valLoss,
            long tokens,
            double seconds,
            @Nullable String node,
            Map<String, Double> scores)
            implements TrainingEvent {
        public Evaluated {
            scores = Map.copyOf(scores);
        }
    }

    /**
     * A checkpoint was not evaluated, or a task of it was not measured, or the shadow could not be; training goes on.
     */
    record EvaluationFailed(String runId, long step, String message) implements TrainingEvent {}

    /** Some tasks are not measured, because there is no node for them; {@code message} says what to do. */
    record TasksUnmeasured(String runId, String message) implements TrainingEvent {}

    /**
     * Nodes that evaluate checkpoints have come or gone.
     *
     * @param nodes all that there are; without any the run evaluates itself
     */
    record EvaluatorsChanged(String runId, List<String> nodes) implements TrainingEvent {
        public EvaluatorsChanged {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * The model that the run is compared with was evaluated on the run's held-out windows.
     *
     * @param model its path
     * @param parameters of it
     * @param windows of held-out text
     * @param valLoss mean cross-entropy, nats a token
     */
    record ShadowEvaluated(String runId, String model, long parameters, int windows, double valLoss)
            implements TrainingEvent {}

    /**
     * A checkpoint is complete on disk.
     *
     * @param pauseSeconds for which training stood still
     * @param seconds until it was on disk
     */
    record CheckpointWritten(String runId, String path, long step, double pauseSeconds, double seconds)
            implements TrainingEvent {}

    /** A checkpoint could not be written. Training goes on and tries again at the next interval. */
    record CheckpointFailed(String runId, long step, String message) implements TrainingEvent {}

    /** A node of a cluster gets no ranks of the run any more, because it has failed so often lately. */
    record NodeExcluded(String runId, String node, int failures) implements TrainingEvent {}

    /** The run is over, its last checkpoint is on disk. */
    record Completed(String runId, TrainingSummary summary) implements TrainingEvent {}

    /** The run ended early; {@code message} is fit for a user. Complete checkpoints stay on disk. */
    record Failed(String runId, String message) implements TrainingEvent {}
}
