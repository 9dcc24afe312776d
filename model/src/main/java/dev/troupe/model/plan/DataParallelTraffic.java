package dev.troupe.model.plan;

/**
 * What data parallelism moves, by stage of ZeRO (arXiv:1910.02054, section 7): an all-reduce of the gradients; from
 * stage 1 on a reduce-scatter of the gradients and an all-gather of the weights, which is as much. Stage 2 keeps no
 * whole gradients and reduces them after every micro-batch; stage 3 gathers the weights before each forward and each
 * backward pass.
 */
final class DataParallelTraffic {
    private final Collectives collectives;
    private final TrainingJob job;
    private final Layout layout;

    DataParallelTraffic(Collectives collectives, TrainingJob job, Layout layout) {
        this.collectives = collectives;
        this.job = job;
        this.layout = layout;
    }

    /**
     * @param forward seconds of a micro-batch's forward pass through the stage
     * @param backward seconds of its backward pass
     */
    AxisTraffic of(double forward, double backward) {
        Mesh mesh = layout.mesh();
        if (mesh.data() == 1) {
            return AxisTraffic.NONE;
        }
        int microBatches = layout.microBatches(job.globalBatch());
        double bytes = StepBytes.of(job, layout).data();
        double gather = gatherSeconds();
        double scatter = scatterSeconds();
        double hidden = job.overlap() ? 1 : 0;
        return switch (layout.zero()) {
            case NONE -> new AxisTraffic(bytes, 2 * scatter, exposed(2 * scatter, backward));
            case OPTIMIZER -> new AxisTraffic(bytes, scatter + gather, exposed(scatter, backward) + gather);
            case GRADIENTS ->
                new AxisTraffic(
                        bytes,
                        microBatches * scatter + gather,
                        (microBatches - 1) * Math.max(0, scatter - hidden * backward)
                                + exposed(scatter, backward)
                                + gather);
            case PARAMETERS ->
                new AxisTraffic(
                        bytes,
                        microBatches * (scatter + 2 * gather),
                        microBatches
                                        * (Math.max(0, gather - hidden * forward)
                                                + Math.max(0, gather + scatter - hidden * backward))
                                + (gather + scatter) / layersOfChunk());
        };
    }

    /** Seconds of what has to be reduced behind the last backward pass. */
    double reductionSeconds() {
        return (layout.zero() == ZeroStage.NONE ? 2 : 1) * scatterSeconds();
    }

    /** Seconds in which updated weights are gathered: under stages 1 and 2; stage 3 gathers them when it needs them. */
    double gatherAfterUpdateSeconds() {
        return switch (layout.zero()) {
            case OPTIMIZER, GRADIENTS -> gatherSeconds();
            case NONE, PARAMETERS -> 0;
        };
    }

    /** Buckets that a chunk's gradients are reduced in: a layer each, or all at once where nothing overlaps. */
    int buckets() {
        return job.overlap() ? layersOfChunk() : 1;
    }

    private double exposed(double seconds, double backward) {
        return PipelineFormula.reductionSeconds(seconds, backward, job.overlap() ? layersOfStage() : 1);
    }

    private int layersOfStage() {
        return Math.max(1, job.shape().layers() / layout.mesh().pipeline());
    }

    private int layersOfChunk() {
        return Math.max(1, layersOfStage() / layout.chunks());
    }

    private double parameters() {
        Mesh mesh = layout.mesh();
        return MemoryEstimate.stageParameters(job.shape(), mesh) / mesh.tensor();
    }

    private double weightBytes() {
        return parameters() * job.precision().weightBytes();
    }

    private double gradientBytes() {
        return parameters() * job.precision().gradientBytes();
    }

    private double gatherSeconds() {
        Mesh mesh = layout.mesh();
        return collectives.gatherSeconds(mesh.data(), mesh.tensor(), weightBytes());
    }

    private double scatterSeconds() {
        Mesh mesh = layout.mesh();
        return collectives.gatherSeconds(mesh.data(), mesh.tensor(), gradientBytes());
    }
}
