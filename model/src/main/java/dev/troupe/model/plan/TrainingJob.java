package dev.troupe.model.plan;

/**
 * What is to be trained, and what the program that trains it can do.
 *
 * @param globalBatch sequences of a step, over all copies of the model
 * @param overlap whether gradients are reduced while backward still runs
 * @param fusedAttention whether scores stay inside one kernel (FlashAttention, arXiv:2205.14135): they are neither kept
 *     nor moved, and backward computes them again
 */
public record TrainingJob(
        ModelShape shape, StatePrecision precision, int globalBatch, boolean overlap, boolean fusedAttention) {
    public TrainingJob {
        PlanArguments.positive("batch", globalBatch);
    }

    /** As Megatron-LM was in 2021: scores are kept, gradients are reduced at the end. */
    public static TrainingJob classic(ModelShape shape, StatePrecision precision, int globalBatch) {
        return new TrainingJob(shape, precision, globalBatch, false, false);
    }

    /** Tokens of a step. */
    public double tokensPerStep() {
        return (double) globalBatch * shape.sequence();
    }
}
