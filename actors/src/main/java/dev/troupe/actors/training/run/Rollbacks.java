package dev.troupe.actors.training.run;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * How often and where a run went back, by its metrics.
 *
 * @param lines in the order in which it happened
 */
public record Rollbacks(List<MetricsLine.Rollback> lines) {
    public Rollbacks {
        lines = List.copyOf(lines);
    }

    /** Those in a run's metrics. */
    static Rollbacks of(List<MetricsLine> metrics) {
        List<MetricsLine.Rollback> lines = new ArrayList<>();
        for (MetricsLine line : metrics) {
            if (line instanceof MetricsLine.Rollback rollback) {
                lines.add(rollback);
            }
        }
        return new Rollbacks(lines);
    }

    /** How many. */
    public int count() {
        return lines.size();
    }

    /** What the schedule's learning rates are multiplied with. */
    public double learningRateFactor() {
        return lines.isEmpty() ? 1 : lines.getLast().learningRateFactor();
    }

    /** The next micro-batch where the run went back to {@code step}; empty when it passed there without. */
    OptionalLong microBatchAt(long step) {
        OptionalLong microBatch = OptionalLong.empty();
        for (MetricsLine.Rollback line : lines) {
            if (line.step() < step) {
                microBatch = OptionalLong.empty(); // all that was after it is taken back
            } else if (line.step() == step) {
                microBatch = OptionalLong.of(line.microBatch());
            }
        }
        return microBatch;
    }

    /**
     * The latest step whose weights may be gone back to, when they were good after {@code latestGood} steps as far as
     * one can tell. A run that does not get past where it failed before has to go further back: those weights were not
     * good.
     */
    public long latestGood(long fromStep, long latestGood) {
        if (lines.isEmpty() || fromStep > lines.getLast().fromStep()) {
            return latestGood;
        }
        return Math.clamp(lines.getLast().step() - 1, 0, latestGood);
    }
}
