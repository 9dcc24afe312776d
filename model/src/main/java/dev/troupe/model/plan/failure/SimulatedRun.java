package dev.troupe.model.plan.failure;

/**
 * Where the time of a simulated run went.
 *
 * @param workSeconds of training that was kept
 * @param checkpointSeconds of checkpoints that were completed
 * @param lostSeconds of work and checkpoints that a failure undid
 * @param restartSeconds of starting again, those that failed too
 */
public record SimulatedRun(
        double workSeconds, double checkpointSeconds, double lostSeconds, double restartSeconds, int failures) {
    /** From the start until the last checkpoint. */
    public double wallSeconds() {
        return workSeconds + checkpointSeconds + lostSeconds + restartSeconds;
    }

    /** The share of the time that was progress which is kept. */
    public double goodput() {
        return workSeconds / wallSeconds();
    }
}
