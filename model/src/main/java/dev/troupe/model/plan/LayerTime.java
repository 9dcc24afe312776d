package dev.troupe.model.plan;

/**
 * Seconds that one micro-batch takes on one device, in a layer or in the logits. Matrix products run at the sustained
 * rate; what backward keeps is written and read once more in forward, at the memory's rate, and twice as much in
 * backward.
 *
 * @param matrices forward and backward
 * @param again what backward computes again, traffic included
 * @param forward all of the forward pass
 * @param backward all of the backward pass, with what it computes again
 */
record LayerTime(double matrices, double again, double memory, double tensor, double forward, double backward) {
    /** Writing and reading. */
    private static final double PASSES = 2;

    private static final int LOGIT_BYTES = 4;

    /** Backward of a product is two products, and reads and writes as much. */
    private static final double BACKWARD = 2;

    double both() {
        return forward + backward;
    }

    static LayerTime layer(TrainingJob job, Layout layout, Cluster cluster, double allReduceSeconds) {
        ModelShape shape = job.shape();
        int t = layout.mesh().tensor();
        double tokens = (double) layout.microBatch() * shape.sequence();
        ActivationModel activations = new ActivationModel(shape, job.precision(), job.fusedAttention());
        double bandwidth = cluster.accelerator().memoryBandwidth();
        double products = tokens * ModelFlops.layerForward(shape) / t / cluster.sustainedFlops();
        double memory = PASSES
                * tokens
                * activations.layerBytesPerToken(t, layout.sequenceParallel(), Recompute.NONE)
                / bandwidth;
        double traffic = 2 * allReduceSeconds;
        double forward = products + memory + traffic;
        double fused = tokens * ModelFlops.recomputedByFusedAttention(job) / t / cluster.sustainedFlops();
        double again = fused
                + switch (layout.recompute()) {
                    case NONE -> 0;
                    case SELECTIVE ->
                        tokens * ModelFlops.attentionForward(shape) / t / cluster.sustainedFlops()
                                + PASSES * tokens * activations.scoreBytesPerToken() / t / bandwidth;
                    case FULL -> forward;
                };
        return new LayerTime(
                (1 + BACKWARD) * products,
                again,
                (1 + BACKWARD) * memory,
                2 * traffic,
                forward,
                BACKWARD * (products + memory) + traffic + again);
    }

    static LayerTime logits(TrainingJob job, Layout layout, Cluster cluster) {
        ModelShape shape = job.shape();
        int t = layout.mesh().tensor();
        double tokens = (double) layout.microBatch() * shape.sequence();
        double products = tokens * ModelFlops.logitsForward(shape) / t / cluster.sustainedFlops();
        double memory = PASSES
                * tokens
                * LOGIT_BYTES
                * shape.vocab()
                / t
                / cluster.accelerator().memoryBandwidth();
        return new LayerTime(
                (1 + BACKWARD) * products,
                0,
                (1 + BACKWARD) * memory,
                0,
                products + memory,
                BACKWARD * (products + memory));
    }
}
