package dev.troupe.model.mesh;

import java.util.ArrayList;
import java.util.List;

/** Trains a few steps with all ranks of a mesh as threads of this process. */
final class MeshTraining {
    /** What a training came to. */
    record Curve(List<Double> losses, List<Double> norms, List<RankState.MemoryBytes> memory, List<float[]> weights) {}

    private MeshTraining() {}

    static Curve run(MeshSettings settings, int steps, double learningRate) throws Exception {
        List<Curve> curves =
                TestMeshes.run(settings, (rank, state, program) -> runRank(state, program, steps, learningRate));
        Curve first = curves.getFirst();
        List<RankState.MemoryBytes> memory = new ArrayList<>();
        List<float[]> weights = new ArrayList<>();
        for (Curve curve : curves) {
            memory.addAll(curve.memory());
            weights.addAll(curve.weights());
            if (!first.losses().equals(curve.losses())) {
                throw new AssertionError("ranks disagree about the losses");
            }
        }
        return new Curve(first.losses(), first.norms(), memory, weights);
    }

    private static Curve runRank(RankState state, RankProgram program, int steps, double learningRate) {
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            StepOutcome outcome = TestMeshes.step(program, learningRate);
            losses.add(outcome.loss());
            norms.add(outcome.gradientNorm());
        }
        List<float[]> weights = List.of();
        if (!state.zero().splitsWeights()) {
            weights = List.of(state.weights().flat().toArray());
        }
        return new Curve(losses, norms, List.of(state.bytes()), weights);
    }
}
