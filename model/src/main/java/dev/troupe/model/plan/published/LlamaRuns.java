package dev.troupe.model.plan.published;

import dev.troupe.model.plan.Accelerator;
import dev.troupe.model.plan.Candidate;
import dev.troupe.model.plan.Cluster;
import dev.troupe.model.plan.Layout;
import dev.troupe.model.plan.Mesh;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.PlanSearch;
import dev.troupe.model.plan.Recompute;
import dev.troupe.model.plan.SearchLimits;
import dev.troupe.model.plan.StatePrecision;
import dev.troupe.model.plan.StepEstimate;
import dev.troupe.model.plan.StepModel;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.Units;
import dev.troupe.model.plan.ZeroStage;
import dev.troupe.model.plan.published.Comparison.Basis;
import java.util.ArrayList;
import java.util.List;

/** Llama 2 on A100 (arXiv:2307.09288, tables 1 and 2) and Llama 3 on H100 (arXiv:2407.21783, table 4). */
final class LlamaRuns {
    private static final double TOKENS = 2e12;
    private static final int SEQUENCE = 4096;
    /** 4 million tokens. */
    private static final int BATCH = 1024;

    /** How many devices a model had is not published; hours depend little on it. */
    private static final int DEVICES = 1024;

    private static final double MEMORY_SHARE = 0.92;

    private LlamaRuns() {}

    static List<Comparison> compare() {
        List<Comparison> rows = new ArrayList<>();
        rows.add(hours(
                "7B", new ModelShape(ModelShape.Family.LLAMA, 32, 4096, 32, 32, 11_008, 32_000, SEQUENCE), 184_320));
        rows.add(hours(
                "13B", new ModelShape(ModelShape.Family.LLAMA, 40, 5120, 40, 40, 13_824, 32_000, SEQUENCE), 368_640));
        rows.add(hours(
                "70B", new ModelShape(ModelShape.Family.LLAMA, 80, 8192, 64, 8, 28_672, 32_000, SEQUENCE), 1_720_320));
        rows.add(utilizationOfLlama3(128, 2048, 41));
        rows.add(utilizationOfLlama3(64, 2048, 43));
        return rows;
    }

    /** Hours of the whole run, restarts and all, against the best mesh that we find: ours are fewer. */
    private static Comparison hours(String name, ModelShape shape, double hours) {
        Cluster cluster = new Cluster(DEVICES, 8, Accelerator.named("a100"), Cluster.FITTED_EFFICIENCY, MEMORY_SHARE);
        TrainingJob job = new TrainingJob(shape, StatePrecision.BF16_FP32_GRADIENTS, BATCH, true, true);
        Candidate best =
                PlanSearch.run(job, cluster, SearchLimits.none()).fitting().getFirst();
        return new Comparison(
                "Llama 2 " + name,
                "arXiv:2307.09288 table 2",
                "A100 hours for 2e12 tokens",
                "10^3 h",
                hours / 1e3,
                TOKENS / best.step().tokensPerSecond() * DEVICES / Units.SECONDS_PER_HOUR / 1e3,
                Basis.PREDICTED,
                0.40);
    }

    /**
     * The published mesh, tensor 8 and pipeline 16, with 16 million tokens a step. It has 126 layers, of which the
     * first and the last stage have one less; here 128 in equal stages. The interleaving is not published: a layer at a
     * time.
     */
    private static Comparison utilizationOfLlama3(int data, int batch, double percent) {
        ModelShape shape = new ModelShape(ModelShape.Family.LLAMA, 128, 16_384, 128, 8, 53_248, 128_256, 8192);
        Mesh mesh = new Mesh(data, 8, 16);
        Cluster cluster =
                new Cluster(mesh.devices(), 8, Accelerator.named("h100"), Cluster.FITTED_EFFICIENCY, MEMORY_SHARE);
        TrainingJob job = new TrainingJob(shape, StatePrecision.BF16_FP32_GRADIENTS, batch, true, true);
        StepEstimate step =
                new StepModel(job, cluster).estimate(new Layout(mesh, 1, 8, ZeroStage.OPTIMIZER, Recompute.NONE, true));
        return new Comparison(
                "Llama 3 405B on " + mesh.devices() + " H100",
                "arXiv:2407.21783 table 4",
                "MFU",
                "%",
                percent,
                100 * step.utilization(),
                Basis.PREDICTED,
                0.10);
    }
}
