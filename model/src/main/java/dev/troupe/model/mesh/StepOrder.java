package dev.troupe.model.mesh;

/**
 * What a step is told that is not the same for all steps. Whoever trains decides; all ranks get the same, and the same
 * again when the step has to be taken again.
 *
 * @param learningRate of the update
 * @param firstMicroBatch number of the first, from the start of the run: decides data and dropout
 * @param microBatches of all ranks of the data axis together
 * @param lossScale what gradients are multiplied with on their way through the layers, so that fp16 holds them; a power
 *     of two, 1 elsewhere
 */
public record StepOrder(double learningRate, long firstMicroBatch, int microBatches, double lossScale) {
    public StepOrder {
        if (firstMicroBatch < 0 || microBatches < 1) {
            throw new IllegalArgumentException(
                    "a step of " + microBatches + " micro-batches from number " + firstMicroBatch);
        }
    }

    /** Without a loss scale. */
    public StepOrder(double learningRate, long firstMicroBatch, int microBatches) {
        this(learningRate, firstMicroBatch, microBatches, 1);
    }

    /** A step of a run whose steps are all alike. */
    public static StepOrder regular(long step, int microBatches, double learningRate) {
        return new StepOrder(learningRate, Math.multiplyExact(step, (long) microBatches), microBatches);
    }

    /** The number of the one after the last. */
    public long end() {
        return firstMicroBatch + microBatches;
    }

    /** The one that follows as long as nothing changes; its learning rate may be another. */
    public StepOrder next() {
        return new StepOrder(learningRate, end(), microBatches, lossScale);
    }

    /** Whether both have the same gradients, at the same weights. */
    boolean hasGradientsOf(StepOrder other) {
        return firstMicroBatch == other.firstMicroBatch
                && microBatches == other.microBatches
                && lossScale == other.lossScale;
    }
}
