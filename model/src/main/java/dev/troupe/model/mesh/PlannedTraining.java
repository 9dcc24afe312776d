package dev.troupe.model.mesh;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.plan.Layout;
import dev.troupe.model.plan.MemoryEstimate;
import dev.troupe.model.plan.ModelFlops;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.Recompute;
import dev.troupe.model.plan.StatePrecision;
import dev.troupe.model.plan.StepBytes;
import dev.troupe.model.plan.TrainingJob;

/** A training on a mesh as the planner sees it, for what its formulae say of a rank. */
public record PlannedTraining(TrainingJob job, Layout layout) {
    /** Two moments and the weights, by the moments alone. */
    private static final double STATE_OF_MOMENTS = 1.5;

    /** The one of these settings: all numbers are float32, attention keeps no scores. */
    public static PlannedTraining of(MeshSettings settings) {
        Mesh mesh = settings.mesh();
        return new PlannedTraining(
                new TrainingJob(
                        shape(settings.model(), settings.time()),
                        StatePrecision.FP32,
                        settings.batch() * settings.accumulation(),
                        true,
                        true),
                new Layout(
                        new dev.troupe.model.plan.Mesh(mesh.data(), mesh.tensor(), mesh.pipeline()),
                        settings.batch(),
                        1,
                        dev.troupe.model.plan.ZeroStage.of(settings.zero().number()),
                        settings.recomputeLayers() == 0 ? Recompute.NONE : Recompute.FULL,
                        false));
    }

    private static ModelShape shape(ModelConfig model, int time) {
        // The planner's heads divide the width; where these do not, keys and values count as wide as queries.
        boolean divides = model.dim() % model.numHeads() == 0;
        return new ModelShape(
                model.mlp() == ModelConfig.MlpKind.SWIGLU ? ModelShape.Family.LLAMA : ModelShape.Family.GPT,
                model.numLayers(),
                model.dim(),
                divides ? model.numHeads() : 1,
                divides ? model.numKvHeads() : 1,
                model.ffnDim(),
                model.vocabSize(),
                time);
    }

    /** Bytes of the fullest rank. */
    public MemoryEstimate memory() {
        return MemoryEstimate.of(job, layout);
    }

    /**
     * Bytes that a rank takes on its node, the copies of its state included: two in turn, one for the checkpoint that
     * is being written, and two that the node keeps for another rank where replicas do not do that.
     *
     * @param offloads whether the optimizer's state and the copies are in files
     */
    public double bytesOfRank(boolean offloads) {
        MemoryEstimate memory = memory();
        if (offloads) {
            return memory.total() - memory.optimizer();
        }
        boolean hasReplica = layout.mesh().data() > 1 && layout.zero() == dev.troupe.model.plan.ZeroStage.NONE;
        double state = memory.optimizer() * STATE_OF_MOMENTS;
        return memory.total() + state * (hasReplica ? 3 : 5);
    }

    /** Bytes that a rank sends in a step. */
    public StepBytes bytes() {
        return StepBytes.of(job, layout);
    }

    /** Operations of a rank in a step, were all ranks equal. */
    public double flops() {
        return ModelFlops.perToken(job.shape())
                * job.tokensPerStep()
                / layout.mesh().devices();
    }
}
