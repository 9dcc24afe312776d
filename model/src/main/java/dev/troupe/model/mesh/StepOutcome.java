package dev.troupe.model.mesh;

/**
 * What a step came to; the same on every rank, times apart.
 *
 * @param loss mean over the step's micro-batches, nats a token
 * @param gradientNorm before clipping
 * @param updated false when loss or norm is infinite or no number: the weights are those of the step before
 */
public record StepOutcome(double loss, double gradientNorm, boolean updated, Times times) {
    /**
     * Seconds on this rank.
     *
     * @param forwardBackward of the micro-batches, waiting included
     * @param waiting for peers, in the whole step
     * @param bubble the part of it that was spent waiting for the stages before and after this one
     * @param update norm and optimizer
     */
    public record Times(double total, double forwardBackward, double waiting, double bubble, double update) {}
}
