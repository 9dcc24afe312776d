package dev.troupe.model.plan;

/**
 * What is to be trained.
 *
 * @param globalBatch sequences of a step, over all copies of the model
 * @param overlap whether gradients are reduced while backward still runs
 */
public record TrainingJob(ModelShape shape, StatePrecision precision, int globalBatch, boolean overlap) {
    public TrainingJob {
        PlanArguments.positive("batch", globalBatch);
    }

    /** Tokens of a step. */
    public double tokensPerStep() {
        return (double) globalBatch * shape.sequence();
    }
}
