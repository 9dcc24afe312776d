package dev.troupe.model.mesh;

/**
 * What a step is told that is not the same for all steps. Whoever trains decides; all ranks get the same, and the same
 * again when the step has to be taken again.
 *
 * @param learningRate of the update
 * @param firstMicroBatch number of the first, from the start of the run: decides data and dropout
 * @param microBatches of all ranks of the data axis together
 */
public record StepOrder(double learningRate, long firstMicroBatch, int microBatches) {
    public StepOrder {
        if (firstMicroBatch < 0 || microBatches < 1) {
            throw new IllegalArgumentException(
                    "a step of " + microBatches + " micro-batches from number " + firstMicroBatch);
        }
    }

    /** A step of a run whose steps are all alike. */
    public static StepOrder regular(long step, int microBatches, double learningRate) {
        return new StepOrder(learningRate, Math.multiplyExact(step, (long) microBatches), microBatches);
    }

    /** The number of the one after the last. */
    public long end() {
        return firstMicroBatch + microBatches;
    }
}
