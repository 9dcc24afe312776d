package dev.troupe.model.plan;

/**
 * The bytes of the fullest device: one of the first pipeline stage, which has the embedding and keeps most activations.
 *
 * @param weights as forward and backward read them
 * @param optimizer moments, and the float32 weights in mixed precision
 * @param activations kept for backward
 * @param workspace one layer that is computed again, and two that are gathered under ZeRO 3
 */
public record MemoryEstimate(double weights, double gradients, double optimizer, double activations, double workspace) {
    /** All parts. */
    public double total() {
        return weights + gradients + optimizer + activations + workspace;
    }

    /**
     * Model states are those of arXiv:1910.02054, table 1: each part is divided by d from the stage of ZeRO on that
     * splits it.
     */
    public static MemoryEstimate of(TrainingJob job, Layout layout) {
        ModelShape shape = job.shape();
        Mesh mesh = layout.mesh();
        StatePrecision precision = job.precision();
        double parameters = stageParameters(shape, mesh) / mesh.tensor();
        ZeroStage zero = layout.zero();
        double gathered =
                zero.splitsWeights() ? 2 * shape.layerParameters() / mesh.tensor() * precision.weightBytes() : 0;
        ActivationModel activations = new ActivationModel(shape, precision, job.fusedAttention());
        return new MemoryEstimate(
                parameters * precision.weightBytes() / (zero.splitsWeights() ? mesh.data() : 1),
                parameters * precision.gradientBytes() / (zero.splitsGradients() ? mesh.data() : 1),
                parameters * precision.optimizerBytes() / (zero.splitsOptimizer() ? mesh.data() : 1),
                activations.bytes(layout, layout.microBatches(job.globalBatch())),
                gathered + activations.recomputedBytes(layout));
    }

    /** Parameters of the first stage, before tensor parallelism divides them. */
    static double stageParameters(ModelShape shape, Mesh mesh) {
        double output = mesh.pipeline() == 1 ? shape.outputParameters() : 0;
        return shape.layers() * shape.layerParameters() / mesh.pipeline() + shape.embeddingParameters() + output;
    }
}
