package dev.troupe.model.plan;

import dev.troupe.model.plan.SearchResult.ImpossibleMesh;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks at every mesh of the devices, and in each at every micro-batch, interleaving, stage of ZeRO and recomputation.
 * The fastest layout that fits wins; of those that are as fast, the one whose links are busy least: it relies least on
 * traffic being hidden.
 */
public final class PlanSearch {
    private static final int MOST_MICRO_BATCH = 16;
    private static final int MOST_CHUNKS = 8;

    /** Steps count as equally long within this share: the model of time is no better. */
    static final double SAME = 0.01;

    private final TrainingJob job;
    private final Cluster cluster;
    private final SearchLimits limits;
    private final StepModel steps;
    private int numLayouts;

    private PlanSearch(TrainingJob job, Cluster cluster, SearchLimits limits) {
        this.job = job;
        this.cluster = cluster;
        this.limits = limits;
        this.steps = new StepModel(job, cluster);
    }

    /** Searches within limits. */
    public static SearchResult run(TrainingJob job, Cluster cluster, SearchLimits limits) {
        return new PlanSearch(job, cluster, limits).run();
    }

    private SearchResult run() {
        List<Candidate> fitting = new ArrayList<>();
        List<Candidate> tooLarge = new ArrayList<>();
        List<ImpossibleMesh> impossible = new ArrayList<>();
        for (Mesh mesh : Mesh.of(cluster.devices())) {
            if (!limits.allows(mesh)) {
                continue;
            }
            Optional<String> reason = impossible(mesh);
            if (reason.isPresent()) {
                impossible.add(new ImpossibleMesh(mesh, reason.get()));
                continue;
            }
            @Nullable Candidate best = best(mesh);
            if (best == null) {
                impossible.add(new ImpossibleMesh(mesh, "no micro-batch and interleaving as asked divides the batch"));
            } else {
                (best.fits() ? fitting : tooLarge).add(best);
            }
        }
        fitting.sort(Comparator.comparingDouble(found -> found.step().seconds()));
        if (!fitting.isEmpty()) {
            Candidate best = best(fitting);
            fitting.remove(best);
            fitting.addFirst(best);
        }
        tooLarge.sort(Comparator.comparingDouble(found -> found.memory().total()));
        return new SearchResult(fitting, tooLarge, impossible, numLayouts);
    }

    /** The first number that the mesh does not divide. */
    private Optional<String> impossible(Mesh mesh) {
        ModelShape shape = job.shape();
        if (shape.heads() % mesh.tensor() != 0) {
            return Optional.of(shape.heads() + " heads are not a multiple of tensor " + mesh.tensor());
        }
        if (shape.ffn() % mesh.tensor() != 0) {
            return Optional.of("ffn " + shape.ffn() + " is not a multiple of tensor " + mesh.tensor());
        }
        if (shape.layers() % mesh.pipeline() != 0) {
            return Optional.of(shape.layers() + " layers are not a multiple of pipeline " + mesh.pipeline());
        }
        if (job.globalBatch() % mesh.data() != 0) {
            return Optional.of("a batch of " + job.globalBatch() + " is not a multiple of data " + mesh.data());
        }
        return Optional.empty();
    }

    private @Nullable Candidate best(Mesh mesh) {
        List<Candidate> fitting = new ArrayList<>();
        Candidate smallest = null;
        for (Layout layout : layouts(mesh)) {
            numLayouts++;
            MemoryEstimate memory = MemoryEstimate.of(job, layout);
            Candidate candidate =
                    new Candidate(layout, memory, steps.estimate(layout), memory.total() <= cluster.usableBytes());
            if (candidate.fits()) {
                fitting.add(candidate);
            } else if (smallest == null || memory.total() < smallest.memory().total()) {
                smallest = candidate;
            }
        }
        return fitting.isEmpty() ? smallest : best(fitting);
    }

    /** Of the fastest the one with the quietest links, then the one with the most memory left. */
    private static Candidate best(List<Candidate> fitting) {
        double least = fitting.stream()
                .mapToDouble(found -> found.step().seconds())
                .min()
                .orElseThrow();
        return fitting.stream()
                .filter(found -> found.step().seconds() <= least * (1 + SAME))
                .min(Comparator.comparingDouble(
                                (Candidate found) -> found.step().linkSeconds())
                        .thenComparingDouble(found -> found.memory().total()))
                .orElseThrow();
    }

    private List<Layout> layouts(Mesh mesh) {
        List<Layout> layouts = new ArrayList<>();
        boolean sequenceParallel = limits.sequenceParallel() && mesh.tensor() > 1;
        for (int microBatch : microBatches(mesh)) {
            int m = job.globalBatch() / mesh.data() / microBatch;
            for (int chunks : chunks(mesh, m)) {
                for (ZeroStage zero : zeroStages(mesh)) {
                    for (Recompute recompute : recomputes()) {
                        layouts.add(new Layout(mesh, microBatch, chunks, zero, recompute, sequenceParallel));
                    }
                }
            }
        }
        return layouts;
    }

    private List<Integer> microBatches(Mesh mesh) {
        int perCopy = job.globalBatch() / mesh.data();
        List<Integer> sizes = new ArrayList<>();
        for (int size = 1; size <= MOST_MICRO_BATCH; size *= 2) {
            sizes.add(size);
        }
        if (limits.microBatch() != null) {
            sizes = List.of(limits.microBatch());
        }
        return sizes.stream().filter(size -> perCopy % size == 0).toList();
    }

    private List<Integer> chunks(Mesh mesh, int microBatches) {
        int layers = job.shape().layers() / mesh.pipeline();
        return Mesh.divisors(layers).stream()
                .filter(chunks -> limits.chunks() == null ? chunks <= MOST_CHUNKS : chunks.equals(limits.chunks()))
                .filter(chunks -> chunks == 1 || (mesh.pipeline() > 1 && microBatches % mesh.pipeline() == 0))
                .toList();
    }

    private Set<ZeroStage> zeroStages(Mesh mesh) {
        if (limits.zero() != null) {
            return EnumSet.of(limits.zero());
        }
        return mesh.data() == 1 ? EnumSet.of(ZeroStage.NONE) : EnumSet.allOf(ZeroStage.class);
    }

    private Set<Recompute> recomputes() {
        if (limits.recompute() != null) {
            return EnumSet.of(limits.recompute());
        }
        // With fused attention nothing is left for selective recomputation to save.
        return job.fusedAttention() ? EnumSet.of(Recompute.NONE, Recompute.FULL) : EnumSet.allOf(Recompute.class);
    }
}
