package dev.troupe.actors.training.run;

/**
 * Turns a time budget into a number of steps, once, so that the cosine schedule has an end and a resume the same one.
 *
 * @param secondsPerStep of training alone
 * @param secondsPerWindow of evaluating one held-out window alone
 * @param evaluationEverySteps steps between evaluations beside the training; 0 for none
 * @param windows of each of those
 * @param finalWindows of the evaluation at the end
 */
public record StepBudget(
        double secondsPerStep, double secondsPerWindow, int evaluationEverySteps, int windows, int finalWindows) {

    /** For the last checkpoint and for stopping. */
    private static final double CLOSING_SECONDS = 0.5;

    /** Steps that fit into {@code remainingSeconds}, at least 1. */
    public long steps(double remainingSeconds) {
        // Evaluation shares the compute threads with the training, so what it takes, training loses.
        double evaluationPerStep = evaluationEverySteps == 0 ? 0 : secondsPerWindow * windows / evaluationEverySteps;
        double available = remainingSeconds - secondsPerWindow * finalWindows - CLOSING_SECONDS;
        return Math.max(1, (long) (available / (secondsPerStep + evaluationPerStep)));
    }
}
