package dev.troupe.actors.telemetry;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import kamon.metric.Counter;
import kamon.metric.Gauge;
import kamon.metric.Timer;

/** The instruments of one training run, bound to its label. Thread-safe. */
public final class TrainingMetrics {
    /**
     * The parts of a step, in order; COMMUNICATION is within the others, and TOTAL is from one step's end to the next
     * one's.
     */
    public enum Part {
        DATA,
        FORWARD_BACKWARD,
        GRADIENT_NORM,
        OPTIMIZER,
        COMMUNICATION,
        COPIES,
        TOTAL;

        /** The label: lower case, with hyphens. */
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private final Counter steps;
    private final Counter tokens;
    private final Gauge loss;
    private final Gauge validationLoss;
    private final Gauge learningRate;
    private final Gauge gradientNorm;
    private final Gauge tokensPerSecond;
    private final Timer checkpointPause;
    private final Timer checkpointWrite;
    private final Counter checkpointsWritten;
    private final Counter checkpointsFailed;
    private final Map<Part, Timer> parts = new EnumMap<>(Part.class);

    TrainingMetrics(String runId) {
        steps = Metrics.TRAINING_STEPS.withTag("run", runId);
        tokens = Metrics.TRAINING_TOKENS.withTag("run", runId);
        loss = Metrics.TRAINING_LOSS.withTag("run", runId);
        validationLoss = Metrics.TRAINING_VALIDATION_LOSS.withTag("run", runId);
        learningRate = Metrics.TRAINING_LEARNING_RATE.withTag("run", runId);
        gradientNorm = Metrics.TRAINING_GRADIENT_NORM.withTag("run", runId);
        tokensPerSecond = Metrics.TRAINING_TOKENS_PER_SECOND.withTag("run", runId);
        checkpointPause = Metrics.CHECKPOINT_PAUSE.withTag("run", runId);
        checkpointWrite = Metrics.CHECKPOINT_WRITE.withTag("run", runId);
        checkpointsWritten = Metrics.CHECKPOINTS.withTags(Metrics.tags(Map.of("run", runId, "outcome", "written")));
        checkpointsFailed = Metrics.CHECKPOINTS.withTags(Metrics.tags(Map.of("run", runId, "outcome", "failed")));
        for (Part part : Part.values()) {
            parts.put(part, Metrics.TRAINING_STEP.withTags(Metrics.tags(Map.of("run", runId, "part", part.label()))));
        }
    }

    /** Counts a step and publishes its figures. */
    public void step(long stepTokens, double stepLoss, double rate, double norm, double throughput) {
        steps.increment();
        tokens.increment(stepTokens);
        loss.update(stepLoss);
        learningRate.update(rate);
        gradientNorm.update(norm);
        tokensPerSecond.update(throughput);
    }

    /** Time of a part of a step. */
    public void part(Part part, double seconds) {
        record(Objects.requireNonNull(parts.get(part)), seconds);
    }

    /** Held-out loss of an evaluation. */
    public void evaluated(double valLoss) {
        validationLoss.update(valLoss);
    }

    /** A checkpoint is on disk. */
    public void checkpointWritten(double pauseSeconds, double seconds) {
        checkpointsWritten.increment();
        record(checkpointPause, pauseSeconds);
        record(checkpointWrite, seconds);
    }

    /** A checkpoint could not be written. */
    public void checkpointFailed() {
        checkpointsFailed.increment();
    }

    private static void record(Timer timer, double seconds) {
        timer.record(Math.round(seconds * 1e9), TimeUnit.NANOSECONDS);
    }
}
