package dev.troupe.model.mesh;

import dev.troupe.model.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Trains a few steps with all ranks of a mesh as threads of this process. */
final class MeshTraining {
    /** What a training came to. */
    record Curve(List<Double> losses, List<Double> norms, List<RankState.MemoryBytes> memory, List<float[]> weights) {}

    private MeshTraining() {}

    static Curve run(
            MeshSettings settings, int steps, double learningRate, Supplier<Kernels> kernels, MicroBatchSource source)
            throws Exception {
        Mesh mesh = settings.mesh();
        Map<String, TestGroup> groups = new ConcurrentHashMap<>();
        List<Future<Curve>> ranks = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(mesh.ranks())) {
            for (int i = 0; i < mesh.ranks(); i++) {
                int rank = i;
                ranks.add(threads.submit(
                        () -> runRank(settings, rank, steps, learningRate, kernels.get(), source, groups)));
            }
            Curve first = null;
            List<RankState.MemoryBytes> memory = new ArrayList<>();
            List<float[]> weights = new ArrayList<>();
            for (Future<Curve> rank : ranks) {
                Curve curve = rank.get(300, TimeUnit.SECONDS);
                memory.addAll(curve.memory());
                weights.addAll(curve.weights());
                if (first != null && !first.losses().equals(curve.losses())) {
                    throw new AssertionError("ranks disagree about the losses");
                }
                first = first == null ? curve : first;
            }
            if (first == null) {
                throw new AssertionError("a mesh has at least one rank");
            }
            return new Curve(first.losses(), first.norms(), memory, weights);
        }
    }

    private static Curve runRank(
            MeshSettings settings,
            int rank,
            int steps,
            double learningRate,
            Kernels kernels,
            MicroBatchSource source,
            Map<String, TestGroup> groups) {
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        try (RankState state = new RankState(settings, rank);
                RankGroups own = RankGroups.open(
                        settings.mesh(),
                        rank,
                        settings.model().tiedEmbeddings(),
                        (name, members) -> groups.computeIfAbsent(name, _ -> new TestGroup(members.size()))
                                .member(members.indexOf(rank)));
                RankProgram program = new RankProgram(settings, rank, state, own, kernels, source)) {
            for (int step = 0; step < steps; step++) {
                StepOutcome outcome = program.step(learningRate);
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
}
