package dev.troupe.model.plan.published;

import dev.troupe.model.plan.ActivationModel;
import dev.troupe.model.plan.Layout;
import dev.troupe.model.plan.Mesh;
import dev.troupe.model.plan.ModelFlops;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.Recompute;
import dev.troupe.model.plan.StatePrecision;
import dev.troupe.model.plan.StepModel;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.ZeroStage;
import dev.troupe.model.plan.published.Comparison.Basis;
import java.util.ArrayList;
import java.util.List;

/** Table 5 and figure 1 of arXiv:2205.05198: A100, tensor 8, one copy of the model. */
final class SelectiveRecomputationRuns {
    private static final String TABLE = "arXiv:2205.05198 table 5";
    private static final double A100_PEAK = 312e12;

    /**
     * @param full seconds of a step with full recomputation
     * @param selective seconds with selective recomputation and sequence parallelism
     * @param utilization of the latter, in percent
     * @param gibibytes of activations without recomputation
     */
    private record Row(
            String name,
            int heads,
            int hidden,
            int layers,
            int pipeline,
            int chunks,
            int microBatch,
            int batch,
            double full,
            double selective,
            double utilization,
            double gibibytes) {}

    private static final List<Row> ROWS = List.of(
            new Row("22B", 64, 6144, 48, 1, 1, 4, 4, 1.42, 1.10, 41.5, 59.25),
            new Row("175B", 96, 12_288, 96, 8, 3, 1, 64, 18.13, 13.75, 51.4, 66.84),
            new Row("530B", 128, 20_480, 105, 35, 3, 1, 280, 49.05, 37.83, 56.0, 114.02),
            new Row("1T", 160, 25_600, 128, 64, 1, 1, 512, 94.42, 71.49, 56.3, 131.25));

    private SelectiveRecomputationRuns() {}

    static List<Comparison> compare() {
        List<Comparison> rows = new ArrayList<>();
        ROWS.forEach(row -> rows.add(activations(row)));
        ROWS.forEach(row -> rows.add(utilization(row)));
        ROWS.forEach(row -> rows.add(step(row, Recompute.FULL, false, row.full())));
        ROWS.forEach(row -> rows.add(step(row, Recompute.SELECTIVE, true, row.selective())));
        return rows;
    }

    private static int gpus(Row row) {
        return 8 * row.pipeline();
    }

    private static String run(Row row) {
        return row.name() + " on " + gpus(row);
    }

    private static ModelShape shape(Row row) {
        return MegatronRuns.megatron(row.layers(), row.hidden(), row.heads());
    }

    private static Layout layout(Row row, Recompute recompute, boolean sequenceParallel) {
        return new Layout(
                new Mesh(1, 8, row.pipeline()),
                row.microBatch(),
                row.chunks(),
                ZeroStage.NONE,
                recompute,
                sequenceParallel);
    }

    /** The embedding's mask and logits, which the figure leaves out, are up to 4 percent. */
    private static Comparison activations(Row row) {
        Layout layout = layout(row, Recompute.NONE, false);
        double bytes = new ActivationModel(shape(row), StatePrecision.BF16, false)
                .bytes(layout, layout.microBatches(row.batch()));
        return new Comparison(
                run(row),
                "arXiv:2205.05198 fig. 1",
                "activations",
                "GiB",
                row.gibibytes(),
                bytes / (1L << 30),
                Basis.COUNTED,
                0.04);
    }

    private static Comparison utilization(Row row) {
        double flops =
                ModelFlops.perToken(shape(row)) * row.batch() * shape(row).sequence();
        return new Comparison(
                run(row),
                TABLE,
                "MFU of the published step",
                "%",
                row.utilization(),
                100 * flops / row.selective() / gpus(row) / A100_PEAK,
                Basis.COUNTED,
                0.01);
    }

    private static Comparison step(Row row, Recompute recompute, boolean sequenceParallel, double seconds) {
        TrainingJob job = TrainingJob.classic(shape(row), StatePrecision.BF16_FP32_GRADIENTS, row.batch());
        Layout layout = layout(row, recompute, sequenceParallel);
        return new Comparison(
                run(row),
                TABLE,
                recompute == Recompute.FULL ? "step, full recomputation" : "step, selective recomputation",
                "s",
                seconds,
                new StepModel(job, MegatronRuns.a100(gpus(row)))
                        .estimate(layout)
                        .seconds(),
                Basis.PREDICTED,
                0.18);
    }
}
