package dev.troupe.deploy.cli;

import dev.troupe.model.ConfigNames;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.Recompute;
import dev.troupe.model.plan.SearchLimits;
import dev.troupe.model.plan.StatePrecision;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.ZeroStage;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How it is to be trained; what is not given is searched for. */
final class PlanLayoutOptions {
    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "1536",
            description = "sequences of a step (default: ${DEFAULT-VALUE})")
    private int batch;

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            defaultValue = "bf16",
            description = "fp32, bf16 or bf16_fp32_gradients (default: ${DEFAULT-VALUE})")
    private String precision = "bf16";

    @Option(names = "--data", paramLabel = "N", description = "data-parallel size (default: the best)")
    private @Nullable Integer data;

    @Option(names = "--tensor", paramLabel = "N", description = "tensor-parallel size (default: the best)")
    private @Nullable Integer tensor;

    @Option(names = "--pipeline", paramLabel = "N", description = "pipeline stages (default: the best)")
    private @Nullable Integer pipeline;

    @Option(names = "--micro-batch", paramLabel = "N", description = "sequences of a micro-batch (default: the best)")
    private @Nullable Integer microBatch;

    @Option(names = "--interleave", paramLabel = "N", description = "chunks of a pipeline stage (default: the best)")
    private @Nullable Integer interleave;

    @Option(names = "--zero", paramLabel = "STAGE", description = "0 to 3 (default: the best)")
    private @Nullable Integer zero;

    @Option(names = "--recompute", paramLabel = "WHAT", description = "none, selective or full (default: the best)")
    private @Nullable String recompute;

    @Option(names = "--no-sequence-parallel", description = "tensor parallelism replicates norms and their inputs")
    private boolean noSequenceParallel;

    @Option(names = "--no-overlap", description = "gradients are reduced only after backward")
    private boolean noOverlap;

    @Option(names = "--no-fused-attention", description = "attention's scores go to memory, as before FlashAttention")
    private boolean noFusedAttention;

    TrainingJob job(ModelShape shape) {
        StatePrecision states = ConfigNames.find(StatePrecision.class, "precision", precision);
        return new TrainingJob(shape, states, batch, !noOverlap, !noFusedAttention);
    }

    SearchLimits limits() {
        return new SearchLimits(
                data,
                tensor,
                pipeline,
                microBatch,
                interleave,
                zero == null ? null : ZeroStage.of(zero),
                recompute == null ? null : ConfigNames.find(Recompute.class, "recompute", recompute),
                !noSequenceParallel);
    }
}
