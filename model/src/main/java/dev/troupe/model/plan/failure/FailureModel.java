package dev.troupe.model.plan.failure;

import dev.troupe.model.plan.PlanArguments;
import dev.troupe.model.plan.Units;

/**
 * How often a run fails, and what that and a checkpoint cost. One device that fails stops the run: it goes back to its
 * last checkpoint and starts again after the restart time, in which it can fail too. Failures are independent and as
 * likely at any time.
 *
 * @param mtbfSeconds mean time between failures of the run, M
 * @param checkpointSeconds that training stands still for a checkpoint, C
 * @param restartSeconds from a failure until training goes on from the last checkpoint, R
 */
public record FailureModel(double mtbfSeconds, double checkpointSeconds, double restartSeconds) {
    public FailureModel {
        PlanArguments.positive("mtbf", mtbfSeconds);
        PlanArguments.positive("checkpoint seconds", checkpointSeconds);
        PlanArguments.notNegative("restart seconds", restartSeconds);
    }

    /** Of devices that each fail once in so many hours on average. */
    public static FailureModel of(
            int devices, double deviceMtbfHours, double checkpointSeconds, double restartSeconds) {
        PlanArguments.positive("mtbf-hours", deviceMtbfHours);
        return new FailureModel(deviceMtbfHours * Units.SECONDS_PER_HOUR / devices, checkpointSeconds, restartSeconds);
    }

    /** Young's interval between checkpoints, sqrt(2 C M) (doi:10.1145/361147.361115). */
    public double youngSeconds() {
        return Math.sqrt(2 * checkpointSeconds * mtbfSeconds);
    }

    /**
     * Daly's interval (doi:10.1016/j.future.2004.11.016): Young's with terms of higher order, and without the
     * checkpoint's own time. When a checkpoint takes longer than two times between failures, that time itself.
     */
    public double dalySeconds() {
        double ratio = checkpointSeconds / (2 * mtbfSeconds);
        if (ratio >= 1) {
            return mtbfSeconds;
        }
        return youngSeconds() * (1 + Math.sqrt(ratio) / 3 + ratio / 9) - checkpointSeconds;
    }

    /**
     * The expected share of time that is progress which is kept, by Daly's complete model: interval/(M e^(R/M)
     * (e^((interval + C)/M) - 1)).
     *
     * @param intervalSeconds of work between checkpoints
     */
    public double goodput(double intervalSeconds) {
        double segment = Math.expm1((intervalSeconds + checkpointSeconds) / mtbfSeconds);
        return intervalSeconds / (mtbfSeconds * Math.exp(restartSeconds / mtbfSeconds) * segment);
    }
}
