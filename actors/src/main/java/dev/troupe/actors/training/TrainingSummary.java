package dev.troupe.actors.training;

import dev.troupe.actors.training.run.RunUtilization;
import dev.troupe.actors.wire.WireMessage;
import org.jspecify.annotations.Nullable;

/**
 * The result of a run, also in {@code summary.json}.
 *
 * @param steps done since step 0
 * @param totalSteps that the schedule was fitted to; more than {@code steps} when the run was stopped
 * @param tokens trained on since step 0
 * @param trainLoss mean of the last steps, nats
 * @param valLoss of the final weights; null when the run was stopped before its end
 * @param tokensPerSecond of this process's share of the run
 * @param seconds this process has spent on the run
 * @param checkpoint directory of the last checkpoint
 * @param utilization of this process's share of the run
 */
public record TrainingSummary(
        long steps,
        long totalSteps,
        long tokens,
        double trainLoss,
        @Nullable Double valLoss,
        double tokensPerSecond,
        double seconds,
        String checkpoint,
        RunUtilization utilization)
        implements WireMessage {}
