package dev.troupe.actors.training;

import dev.troupe.actors.training.run.GoingBack;
import dev.troupe.actors.training.run.LossSpikes;
import dev.troupe.actors.training.run.Rollbacks;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.model.mesh.StepOrder;
import org.jspecify.annotations.Nullable;

/**
 * What a run does about a loss that is no number or leaves its course.
 *
 * @param before how often it went back already
 */
record Divergence(TrainingConfig.RollbackSection options, Rollbacks before) {
    /** From a step that could not be taken. */
    GoingBack from(StepRunner.StepDiverged diverged, StepOrder order, long totalSteps) {
        String reason = "training diverged at step " + (diverged.step() + 1) + ": loss " + diverged.loss()
                + ", gradient norm " + diverged.gradientNorm();
        return goingBack(diverged.step(), diverged.step(), reason, order, totalSteps);
    }

    /** From a spike of the loss that the step before {@code step} was the latest of. */
    GoingBack from(LossSpikes spikes, long step, double loss, StepOrder order, long totalSteps) {
        int high = spikes.highSteps();
        String reason = "the loss left its course at step " + (step - high + 1) + ", and is " + (float) loss + " after "
                + high + (high == 1 ? " step" : " steps");
        return goingBack(step, step - high, reason, order, totalSteps);
    }

    private GoingBack goingBack(long step, long latestGood, String reason, StepOrder order, long totalSteps) {
        return new GoingBack(step, before.latestGood(step, latestGood), reason, order.end(), totalSteps);
    }

    /** Whether the run may go back once more. */
    boolean mayGoBack() {
        return before.count() < options.limit();
    }

    /**
     * What a user is told when it may not.
     *
     * @param checkpoint the latest
     */
    String failure(GoingBack back, @Nullable String checkpoint) {
        String times = options.limit() == 0
                ? ""
                : "the run has gone back " + options.limit() + (options.limit() == 1 ? " time" : " times")
                        + " (rollback.limit); ";
        return back.reason() + ". Lower optimizer.learningRate or raise optimizer.warmupSteps; " + times
                + (checkpoint == null ? "there is no checkpoint yet" : "the last good checkpoint is " + checkpoint);
    }
}
