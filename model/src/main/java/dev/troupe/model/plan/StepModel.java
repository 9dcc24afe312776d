package dev.troupe.model.plan;

import dev.troupe.model.plan.schedule.PassSeconds;
import dev.troupe.model.plan.schedule.PipelineSchedule;
import dev.troupe.model.plan.schedule.PipelineWork;
import java.util.ArrayList;
import java.util.List;

/** The time of a step, from what each device computes, what it moves and what it waits for. */
public final class StepModel {
    private final TrainingJob job;
    private final Cluster cluster;
    private final Collectives collectives;

    public StepModel(TrainingJob job, Cluster cluster) {
        this.job = job;
        this.cluster = cluster;
        this.collectives = new Collectives(cluster);
    }

    /** The step of a layout, in closed form. */
    public StepEstimate estimate(Layout layout) {
        Mesh mesh = layout.mesh();
        int p = mesh.pipeline();
        int m = layout.microBatches(job.globalBatch());
        LayerTime layer = layerTime(layout);
        LayerTime logits = LayerTime.logits(job, layout, cluster);
        double layers = (double) job.shape().layers() / p;
        double stage = layers * layer.both();
        double slowest = stage + logits.both();
        double sum = p * stage + logits.both();
        double mean = sum / p;
        AxisTraffic data = new DataParallelTraffic(collectives, job, layout)
                .of(layers * layer.forward(), layers * layer.backward());
        AxisTraffic pipeline = pipelineTraffic(layout, m, m * slowest);
        StepParts parts = new StepParts(
                m * (layers * layer.matrices() + logits.matrices() / p),
                m * layers * layer.again(),
                m * (layers * layer.memory() + logits.memory() / p),
                m * layers * layer.tensor(),
                m * (slowest - mean),
                PipelineFormula.seconds(sum, slowest, layout.chunks(), m) - m * slowest,
                pipeline.exposedSeconds(),
                data.exposedSeconds(),
                optimizerSeconds(layout));
        return withRates(layout, parts, tensorTraffic(layout), pipeline, data);
    }

    private StepEstimate withRates(
            Layout layout, StepParts parts, AxisTraffic tensor, AxisTraffic pipeline, AxisTraffic data) {
        double rate = job.tokensPerStep() / parts.total();
        double peak = layout.mesh().devices() * cluster.accelerator().peakFlops();
        double again = job.shape().layers() * ModelFlops.recomputedByFusedAttention(job);
        return new StepEstimate(
                parts,
                tensor,
                pipeline,
                data,
                rate,
                rate * ModelFlops.perToken(job.shape()) / peak,
                rate * (ModelFlops.hardwarePerToken(job.shape(), layout.recompute()) + again) / peak);
    }

    /**
     * The same step as work for the simulation: what each stage computes, the links' times, the gradients' buckets. Of
     * ZeRO 2 and 3 it has the last micro-batch's traffic, as if that of the others were hidden.
     */
    public PipelineWork work(Layout layout) {
        Mesh mesh = layout.mesh();
        LayerTime layer = layerTime(layout);
        LayerTime logits = LayerTime.logits(job, layout, cluster);
        int numPieces = mesh.pipeline() * layout.chunks();
        double layers = (double) job.shape().layers() / numPieces;
        List<PassSeconds> pieces = new ArrayList<>();
        for (int piece = 0; piece < numPieces; piece++) {
            boolean last = piece == numPieces - 1;
            pieces.add(new PassSeconds(
                    layers * layer.forward() + (last ? logits.forward() : 0),
                    layers * layer.backward() + (last ? logits.backward() : 0)));
        }
        DataParallelTraffic data = new DataParallelTraffic(collectives, job, layout);
        boolean apart = mesh.data() > 1;
        int m = layout.microBatches(job.globalBatch());
        return new PipelineWork(
                PipelineSchedule.of(mesh.pipeline(), layout.chunks(), m),
                pieces,
                mesh.pipeline() == 1 ? 0 : transferSeconds(layout),
                apart ? data.reductionSeconds() : 0,
                data.buckets(),
                optimizerSeconds(layout) + (apart ? data.gatherAfterUpdateSeconds() : 0));
    }

    private LayerTime layerTime(Layout layout) {
        int t = layout.mesh().tensor();
        return LayerTime.layer(job, layout, cluster, collectives.allReduceSeconds(t, 1, activationBytes(layout)));
    }

    private double activationBytes(Layout layout) {
        return StepBytes.activations(job, layout);
    }

    private AxisTraffic tensorTraffic(Layout layout) {
        int t = layout.mesh().tensor();
        double seconds =
                StepBytes.tensorSums(job, layout) * collectives.allReduceSeconds(t, 1, activationBytes(layout));
        return new AxisTraffic(StepBytes.of(job, layout).tensor(), seconds, seconds);
    }

    private double transferSeconds(Layout layout) {
        Mesh mesh = layout.mesh();
        int stride = mesh.tensor() * mesh.data();
        return collectives.sendSeconds(stride, stride * mesh.pipeline(), activationBytes(layout) / mesh.tensor());
    }

    private AxisTraffic pipelineTraffic(Layout layout, int m, double computeSeconds) {
        Mesh mesh = layout.mesh();
        if (mesh.pipeline() == 1) {
            return AxisTraffic.NONE;
        }
        double transfer = transferSeconds(layout);
        double linkSeconds = (double) m * layout.chunks() * transfer;
        double exposed = PipelineFormula.transferSeconds(mesh.pipeline(), layout.chunks(), m, transfer);
        return new AxisTraffic(
                StepBytes.of(job, layout).pipeline(), 2 * linkSeconds, Math.max(exposed, linkSeconds - computeSeconds));
    }

    /** Gradients are read, the optimizer's state is read and written, weights are written. */
    private double optimizerSeconds(Layout layout) {
        Mesh mesh = layout.mesh();
        StatePrecision precision = job.precision();
        double parameters = MemoryEstimate.stageParameters(job.shape(), mesh)
                / mesh.tensor()
                / (layout.zero().splitsOptimizer() ? mesh.data() : 1);
        double bytes = precision.gradientBytes() + 2.0 * precision.optimizerBytes() + precision.weightBytes();
        return parameters * bytes / cluster.accelerator().memoryBandwidth();
    }
}
