package dev.troupe.model.plan.published;

import dev.troupe.model.plan.Accelerator;
import dev.troupe.model.plan.Candidate;
import dev.troupe.model.plan.Cluster;
import dev.troupe.model.plan.Layout;
import dev.troupe.model.plan.Mesh;
import dev.troupe.model.plan.ModelFlops;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.PlanSearch;
import dev.troupe.model.plan.Recompute;
import dev.troupe.model.plan.SearchLimits;
import dev.troupe.model.plan.StatePrecision;
import dev.troupe.model.plan.StepModel;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.ZeroStage;
import dev.troupe.model.plan.published.Comparison.Basis;
import java.util.ArrayList;
import java.util.List;

/**
 * Megatron-LM on A100 (arXiv:2104.04473) and Megatron-Turing (arXiv:2201.11990): vocabulary 51,200, sequences of 2,048,
 * full recomputation, gradients summed in float32.
 */
final class MegatronRuns {
    private static final String PAPER = "arXiv:2104.04473 table 1";
    private static final double MEMORY_SHARE = 0.95;

    /**
     * A row of table 1. The micro-batch and the interleaving are not in the table: the fastest that fit are taken.
     *
     * @param parameters in 10^9
     * @param teraflops of a device, with what is computed again
     * @param petaflops of all
     */
    private record Row(
            double parameters,
            int heads,
            int hidden,
            int layers,
            int tensor,
            int pipeline,
            int gpus,
            int batch,
            double teraflops,
            double petaflops) {
        ModelShape shape() {
            return megatron(layers, hidden, heads);
        }

        String run() {
            return parameters + "B on " + gpus;
        }
    }

    private static final List<Row> TABLE = List.of(
            new Row(1.7, 24, 2304, 24, 1, 1, 32, 512, 137, 4.4),
            new Row(3.6, 32, 3072, 30, 2, 1, 64, 512, 138, 8.8),
            new Row(7.5, 32, 4096, 36, 4, 1, 128, 512, 142, 18.2),
            new Row(18.4, 48, 6144, 40, 8, 1, 256, 1024, 135, 34.6),
            new Row(39.1, 64, 8192, 48, 8, 2, 512, 1536, 138, 70.8),
            new Row(76.1, 80, 10_240, 60, 8, 4, 1024, 1792, 140, 143.8),
            new Row(145.6, 96, 12_288, 80, 8, 8, 1536, 2304, 148, 227.1),
            new Row(310.1, 128, 16_384, 96, 8, 16, 1920, 2160, 155, 297.4),
            new Row(529.6, 128, 20_480, 105, 8, 35, 2520, 2520, 163, 410.2),
            new Row(1008.0, 160, 25_600, 128, 8, 64, 3072, 3072, 163, 502.0));

    private MegatronRuns() {}

    static ModelShape megatron(int layers, int hidden, int heads) {
        return ModelShape.gpt(layers, hidden, heads, 51_200, 2048);
    }

    static Cluster a100(int devices) {
        return new Cluster(devices, 8, Accelerator.named("a100"), Cluster.FITTED_EFFICIENCY, MEMORY_SHARE);
    }

    static List<Comparison> compare() {
        List<Comparison> rows = new ArrayList<>();
        for (Row row : TABLE) {
            rows.add(new Comparison(
                    row.run(),
                    PAPER,
                    "parameters",
                    "10^9",
                    row.parameters(),
                    row.shape().parameters() / 1e9,
                    Basis.COUNTED,
                    0.03));
        }
        rows.add(days("175B on 1024 at 140 TFLOP/s", "sec. 5.1", megatron(96, 12_288, 96), 300e9, 1024, 140e12, 34));
        rows.add(days("1T on 3072 at 163 TFLOP/s", "sec. 5.1", megatron(128, 25_600, 160), 450e9, 3072, 163e12, 84));
        rows.add(days("530B on 2240 at 159 TFLOP/s", "table 2", megatron(105, 20_480, 128), 300e9, 2240, 159e12, 42));
        TABLE.forEach(row -> rows.add(rate(row)));
        rows.add(turing(2240, 60.1));
        rows.add(turing(2800, 50.2));
        rows.add(turing(3360, 44.4));
        return rows;
    }

    /** Days at a measured rate: attention and logits, which the paper's estimate leaves out, are 2 to 3 percent. */
    private static Comparison days(
            String run, String where, ModelShape shape, double tokens, int gpus, double achieved, double days) {
        double flops = ModelFlops.hardwarePerToken(shape, Recompute.FULL);
        return new Comparison(
                run,
                "arXiv:2104.04473 " + where,
                "time for " + (int) (tokens / 1e9) + "e9 tokens",
                "days",
                days,
                ModelFlops.days(tokens, flops, gpus, achieved),
                Basis.COUNTED,
                0.035);
    }

    private static Comparison rate(Row row) {
        int data = row.gpus() / row.tensor() / row.pipeline();
        SearchLimits limits =
                new SearchLimits(data, row.tensor(), row.pipeline(), null, null, ZeroStage.NONE, Recompute.FULL, false);
        Candidate best = PlanSearch.run(job(row.shape(), row.batch()), a100(row.gpus()), limits)
                .fitting()
                .getFirst();
        double flops = ModelFlops.hardwarePerToken(row.shape(), Recompute.FULL);
        return new Comparison(
                row.run(),
                PAPER,
                "aggregate rate",
                "PFLOP/s",
                row.petaflops(),
                best.step().tokensPerSecond() * flops / 1e15,
                Basis.FITTED,
                0.10);
    }

    /**
     * Steps of Megatron-Turing, 1,920 sequences, tensor 8 and pipeline 35. A production run on 40 GB devices: slower
     * than the benchmark runs that the efficiency comes from.
     */
    private static Comparison turing(int gpus, double seconds) {
        ModelShape shape = megatron(105, 20_480, 128);
        Layout layout = new Layout(new Mesh(gpus / 280, 8, 35), 1, 1, ZeroStage.NONE, Recompute.FULL, false);
        return new Comparison(
                "Megatron-Turing 530B on " + gpus,
                "arXiv:2201.11990 sec. 2.4",
                "step",
                "s",
                seconds,
                new StepModel(job(shape, 1920), a100(gpus)).estimate(layout).seconds(),
                Basis.PREDICTED,
                0.25);
    }

    private static TrainingJob job(ModelShape shape, int batch) {
        return TrainingJob.classic(shape, StatePrecision.BF16_FP32_GRADIENTS, batch);
    }
}
