package dev.troupe.model.plan.published;

import dev.troupe.model.plan.Layout;
import dev.troupe.model.plan.MemoryEstimate;
import dev.troupe.model.plan.Mesh;
import dev.troupe.model.plan.ModelShape;
import dev.troupe.model.plan.Recompute;
import dev.troupe.model.plan.StatePrecision;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.ZeroStage;
import dev.troupe.model.plan.published.Comparison.Basis;
import java.util.ArrayList;
import java.util.List;

/** Model states of 7.5 billion parameters on 64 devices (ZeRO, arXiv:1910.02054, figure 1). */
final class ZeroTable {
    private static final int DEVICES = 64;
    private static final double PARAMETERS = 7.5e9;
    private static final double[] GIGABYTES = {120, 31.4, 16.6, 1.9};

    private ZeroTable() {}

    static List<Comparison> compare() {
        // The paper names no shape: a thousand square layers of that many parameters, without a vocabulary.
        int layers = 1000;
        int hidden = (int) Math.round(Math.sqrt(PARAMETERS / (12.0 * layers)));
        ModelShape shape = ModelShape.gpt(layers, hidden, 1, 1, 1);
        TrainingJob job = TrainingJob.classic(shape, StatePrecision.BF16, DEVICES);
        List<Comparison> rows = new ArrayList<>();
        for (ZeroStage stage : ZeroStage.values()) {
            MemoryEstimate memory =
                    MemoryEstimate.of(job, new Layout(new Mesh(DEVICES, 1, 1), 1, 1, stage, Recompute.FULL, false));
            rows.add(new Comparison(
                    "7.5B on 64, ZeRO " + stage.number(),
                    "arXiv:1910.02054 fig. 1",
                    "weights, gradients, optimizer",
                    "GB",
                    GIGABYTES[stage.number()],
                    (memory.weights() + memory.gradients() + memory.optimizer()) / 1e9,
                    Basis.COUNTED,
                    0.03));
        }
        return rows;
    }
}
