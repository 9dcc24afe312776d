package dev.troupe.model.plan;

/**
 * Bytes that go out of a device in a step, by axis of the mesh.
 *
 * @param pipeline to the next stage forward and to the one before backward, half each
 */
public record StepBytes(double tensor, double data, double pipeline) {
    /** Of a layout. */
    public static StepBytes of(TrainingJob job, Layout layout) {
        return new StepBytes(tensor(job, layout), data(job, layout), pipeline(job, layout));
    }

    /** Of one micro-batch between two layers. */
    static double activations(TrainingJob job, Layout layout) {
        return (double) layout.microBatch()
                * job.shape().sequence()
                * job.shape().hidden()
                * job.precision().activationBytes();
    }

    /** Two all-reduces forward, two backward, and two when forward is computed again (arXiv:1909.08053, figure 4). */
    static double tensorSums(TrainingJob job, Layout layout) {
        double layers = (double) job.shape().layers() / layout.mesh().pipeline();
        return layers * layout.microBatches(job.globalBatch()) * (layout.recompute() == Recompute.FULL ? 6 : 4);
    }

    private static double tensor(TrainingJob job, Layout layout) {
        return tensorSums(job, layout)
                * 2
                * Collectives.gatherBytes(layout.mesh().tensor(), activations(job, layout));
    }

    /** Each device sends its tensor-parallel share of the activations (arXiv:2104.04473, section 4.1). */
    private static double pipeline(TrainingJob job, Layout layout) {
        Mesh mesh = layout.mesh();
        return mesh.pipeline() == 1
                ? 0
                : 2.0
                        * layout.microBatches(job.globalBatch())
                        * layout.chunks()
                        * activations(job, layout)
                        / mesh.tensor();
    }

    /** What {@link DataParallelTraffic} explains. */
    private static double data(TrainingJob job, Layout layout) {
        Mesh mesh = layout.mesh();
        if (mesh.data() == 1) {
            return 0;
        }
        int microBatches = layout.microBatches(job.globalBatch());
        double parameters = MemoryEstimate.stageParameters(job.shape(), mesh) / mesh.tensor();
        double gather = Collectives.gatherBytes(
                mesh.data(), parameters * job.precision().weightBytes());
        double scatter = Collectives.gatherBytes(
                mesh.data(), parameters * job.precision().gradientBytes());
        return switch (layout.zero()) {
            case NONE -> 2 * scatter;
            case OPTIMIZER -> scatter + gather;
            case GRADIENTS -> microBatches * scatter + gather;
            case PARAMETERS -> microBatches * (scatter + 2 * gather);
        };
    }
}
