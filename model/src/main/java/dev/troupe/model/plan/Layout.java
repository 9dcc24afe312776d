package dev.troupe.model.plan;

/**
 * How a model is laid out on devices, and how a step is cut up.
 *
 * @param microBatch b, sequences of a micro-batch
 * @param chunks v, pieces of the model that each pipeline stage has; more than 1 is the interleaved schedule
 * @param sequenceParallel whether what tensor parallelism replicates is split along the sequence (arXiv:2205.05198)
 */
public record Layout(
        Mesh mesh, int microBatch, int chunks, ZeroStage zero, Recompute recompute, boolean sequenceParallel) {
    public Layout {
        PlanArguments.positive("micro-batch", microBatch);
        PlanArguments.positive("interleave", chunks);
    }

    /** Micro-batches of a step in each copy of the model. */
    public int microBatches(int globalBatch) {
        return globalBatch / (mesh.data() * microBatch);
    }

    /** The same with another stage of ZeRO. */
    public Layout withZero(ZeroStage stage) {
        return new Layout(mesh, microBatch, chunks, stage, recompute, sequenceParallel);
    }
}
