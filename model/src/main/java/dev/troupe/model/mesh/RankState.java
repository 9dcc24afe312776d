package dev.troupe.model.mesh;

import dev.troupe.model.mesh.ShardPlan.Slice;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tensor.TensorFile;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterLayout.Part;
import dev.troupe.model.transformer.Parameters;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A rank's weights, gradients and moments. What is split over the data axis is there as a shard; a window then holds
 * the parts that are in use.
 */
public final class RankState implements AutoCloseable {
    /** Blocks in memory at a time where they are split: one in use, one under way. */
    private static final int WINDOWS = 2;

    /**
     * Bytes in memory.
     *
     * @param weights that this rank keeps
     * @param gradients that it keeps over micro-batches
     * @param moments of the optimizer, unless they are in a file
     * @param windows of parts in use, where weights or gradients are split
     */
    public record MemoryBytes(long weights, long gradients, long moments, long windows) {}

    private final TensorArena weightArena = TensorArena.open("train.weights");
    private final TensorArena gradientArena = TensorArena.open("train.gradients");
    private final TensorArena momentArena = TensorArena.open("train.moments");
    private final TensorArena windowArena = TensorArena.open("train.windows");
    private final RankLayout layout;
    private final ShardPlan plan;
    private final ZeroStage zero;
    private final Parameters weights;
    private final Parameters gradients;
    private final Tensor weightShard;
    private final Tensor gradientShard;
    private final Tensor moment1;
    private final Tensor moment2;
    private final @Nullable TensorFile momentFile;
    private long step;

    /** Allocates the state of a rank, with weights as the seed has them and no step taken. */
    public RankState(MeshSettings settings, int rank) {
        this(settings, rank, null);
    }

    /**
     * The same.
     *
     * @param offload directory of a file that the moments are kept in; null for memory
     */
    public RankState(MeshSettings settings, int rank, @Nullable Path offload) {
        this(RankLayout.of(settings, rank), settings, offload);
        initialize(settings.seed());
    }

    /** The same without weights: they are to be restored, and drawing them would take longer than that. */
    public static RankState unfilled(MeshSettings settings, int rank) {
        return unfilled(settings, rank, null);
    }

    /** The same with moments in a file in {@code offload}, or in memory when that is null. */
    public static RankState unfilled(MeshSettings settings, int rank, @Nullable Path offload) {
        return new RankState(RankLayout.of(settings, rank), settings, offload);
    }

    private RankState(RankLayout layout, MeshSettings settings, @Nullable Path offload) {
        this.layout = layout;
        this.plan = layout.plan();
        this.zero = layout.zero();
        ParameterLayout whole = layout.parameters();
        ParameterLayout windows = ParameterLayout.of(settings.model(), whole.range(), whole.shard(), WINDOWS);
        int shardSize = Math.toIntExact(plan.shardSize());
        this.weights = zero.splitsWeights()
                ? Parameters.allocate(windows, windowArena)
                : Parameters.allocate(whole, weightArena);
        this.gradients = zero.splitsGradients()
                ? Parameters.allocate(windows, windowArena)
                : Parameters.allocate(whole, gradientArena);
        this.weightShard = weightArena.allocate(zero.splitsWeights() ? shardSize : 0);
        this.gradientShard = gradientArena.allocate(zero.splitsGradients() ? shardSize : 0);
        if (offload == null) {
            this.momentFile = null;
            this.moment1 = momentArena.allocate(shardSize);
            this.moment2 = momentArena.allocate(shardSize);
        } else {
            TensorFile file = TensorFile.create(
                    offload, "rank-" + layout.rank() + "-moments", OptimizerState.fileBytes(plan.shardSize()));
            this.momentFile = file;
            this.moment1 = file.allocate(shardSize);
            this.moment2 = file.allocate(shardSize);
        }
    }

    private void initialize(long seed) {
        if (!zero.splitsWeights()) {
            weights.initialize(seed);
            return;
        }
        for (Slice slice : plan.slices()) {
            weights.initialize(weights.layout().parts().get(slice.part()).specs(), seed);
            ownWeights(slice).copyFrom(inWindow(weights, slice));
        }
    }

    /** Where each parameter of the rank lies when all of them are in memory. */
    public ParameterLayout layout() {
        return layout.parameters();
    }

    /** What of the model is here. */
    public RankLayout rankLayout() {
        return layout;
    }

    /** How parts are split over the data axis: into one slice where they are not. */
    public ShardPlan plan() {
        return plan;
    }

    /** What is split, NONE where the data axis has one rank. */
    public ZeroStage zero() {
        return zero;
    }

    /** All weights, or windows for them. */
    public Parameters weights() {
        return weights;
    }

    /** All gradients, or windows for them. */
    public Parameters gradients() {
        return gradients;
    }

    /** Steps taken. */
    public long step() {
        return step;
    }

    /** Set by each step, and when a state is restored. */
    public void setStep(long taken) {
        step = taken;
    }

    /** This rank's slice of the weights: what it updates. */
    public Tensor ownWeights(Slice slice) {
        return zero.splitsWeights() ? inShard(weightShard, slice) : inWindow(weights, slice);
    }

    /** This rank's slice of the gradients that the update reads. */
    public Tensor ownGradients(Slice slice) {
        return zero.splitsGradients() ? inShard(gradientShard, slice) : inWindow(gradients, slice);
    }

    /** This rank's slice of the first moments. */
    public Tensor moment1(Slice slice) {
        return inShard(moment1, slice);
    }

    /** This rank's slice of the second moments. */
    public Tensor moment2(Slice slice) {
        return inShard(moment2, slice);
    }

    /** Whether the moments are in a file. */
    boolean isOffloaded() {
        return momentFile != null;
    }

    /** Elements [from, to) of the shard's moments are not used for a while: nothing to do unless they are in a file. */
    public void forgetMoments(long from, long to) {
        if (momentFile != null) {
            momentFile.forget(moment1, from, to);
            momentFile.forget(moment2, from, to);
        }
    }

    /** A part where layers read or write it. */
    static Tensor part(Parameters parameters, int part) {
        Part where = parameters.layout().parts().get(part);
        return parameters.flat().view(where.from(), where.size());
    }

    static Tensor inWindow(Parameters parameters, Slice slice) {
        Part where = parameters.layout().parts().get(slice.part());
        return parameters.flat().view(where.from() + slice.from(), slice.size());
    }

    private static Tensor inShard(Tensor shard, Slice slice) {
        return shard.view(slice.shardOffset(), slice.size());
    }

    public MemoryBytes bytes() {
        return new MemoryBytes(weightArena.bytes(), gradientArena.bytes(), momentArena.bytes(), windowArena.bytes());
    }

    @Override
    public void close() {
        weightArena.close();
        gradientArena.close();
        momentArena.close();
        if (momentFile != null) {
            momentFile.close();
        }
        windowArena.close();
    }
}
