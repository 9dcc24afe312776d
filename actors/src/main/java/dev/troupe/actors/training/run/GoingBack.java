package dev.troupe.actors.training.run;

/**
 * Why a run goes back to a checkpoint, and from where.
 *
 * @param fromStep steps taken until then
 * @param latestGood steps after which the weights were good as far as one can tell: no later checkpoint is used
 * @param reason fit for a user
 * @param microBatch the next; those before are not trained on again
 * @param totalSteps that the run has; 0 while a time budget has not been turned into steps
 */
public record GoingBack(long fromStep, long latestGood, String reason, long microBatch, long totalSteps)
        implements NextAttempt {}
