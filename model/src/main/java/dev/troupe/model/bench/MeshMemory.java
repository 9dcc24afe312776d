package dev.troupe.model.bench;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.PlannedTraining;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.mesh.ZeroStage;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.plan.MemoryEstimate;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes that a rank of a mesh has for weights, gradients and optimizer under each stage of ZeRO, beside what the
 * planner's formula says ({@link MemoryEstimate}, arXiv:1910.02054, table 1). Ranks are built, one after the other, and
 * asked what they have allocated; one rank is one node.
 */
public final class MeshMemory {
    /**
     * A part of the fullest rank's memory.
     *
     * @param form data x tensor x pipeline
     * @param zero stage, 0 to 3
     * @param part weights, gradients or optimizer
     * @param measured bytes
     * @param formula bytes of a rank of the first stage
     * @param ratio of both
     */
    public record Row(String form, int zero, String part, long measured, double formula, double ratio) {}

    /**
     * Memory for the parts that are in use, where weights or gradients are split: no part of the states.
     *
     * @param bytes of the fullest rank
     */
    public record Windows(String form, int zero, long bytes) {}

    /** All of them. */
    public record Report(String shape, List<Row> rows, List<Windows> windows) {
        public Report {
            rows = List.copyOf(rows);
            windows = List.copyOf(windows);
        }

        /** How far the worst part is from the formula, as a share of it. */
        public double largestDifference() {
            return rows.stream()
                    .mapToDouble(row -> Math.abs(row.ratio() - 1))
                    .max()
                    .orElse(0);
        }
    }

    private final TrainShape shape;
    private final List<Row> rows = new ArrayList<>();
    private final List<Windows> windows = new ArrayList<>();

    private MeshMemory(TrainShape shape) {
        this.shape = shape;
    }

    /** Builds every mesh under every stage of ZeRO. */
    public static Report run(TrainShape shape, List<Mesh> meshes) {
        MeshMemory memory = new MeshMemory(shape);
        for (Mesh mesh : meshes) {
            for (ZeroStage zero : ZeroStage.values()) {
                memory.measure(mesh, zero);
            }
        }
        return new Report(shape.label(), memory.rows, memory.windows);
    }

    private void measure(Mesh mesh, ZeroStage zero) {
        ModelConfig model = shape.config();
        MeshSettings settings = new MeshSettings(
                model, mesh, zero, 1, shape.time(), mesh.data(), 0, AdamWOptions.gpt3(1e-3, 0, 1_000_000), 1);
        long weights = 0;
        long gradients = 0;
        long moments = 0;
        long inUse = 0;
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            try (RankState state = RankState.unfilled(settings, rank)) {
                RankState.MemoryBytes bytes = state.bytes();
                weights = Math.max(weights, bytes.weights());
                gradients = Math.max(gradients, bytes.gradients());
                moments = Math.max(moments, bytes.moments());
                inUse = Math.max(inUse, bytes.windows());
            }
        }
        MemoryEstimate formula = PlannedTraining.of(settings).memory();
        add(mesh, zero, "weights", weights, formula.weights());
        add(mesh, zero, "gradients", gradients, formula.gradients());
        add(mesh, zero, "optimizer", moments, formula.optimizer());
        if (inUse > 0) {
            windows.add(new Windows(mesh.toString(), zero.number(), inUse));
        }
    }

    private void add(Mesh mesh, ZeroStage zero, String part, long measured, double formula) {
        rows.add(new Row(mesh.toString(), zero.number(), part, measured, formula, measured / formula));
    }
}
