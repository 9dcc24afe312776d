package dev.troupe.model.mesh;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.mesh.ShardPlan.Slice;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.PeerThread;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.ParameterLayout.Part;
import dev.troupe.model.transformer.ParameterLayout.PartKind;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageHooks;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Brings parts of weights in before they are used, where they are split, and sums gradients over the data axis as soon
 * as a part's are complete, on a thread of its own while the backward pass goes on with the next part (the buckets of
 * arXiv:2006.15704: a bucket is a part). Gradients that are whole on every rank are summed once a step, those that are
 * split after every micro-batch, into the shard.
 */
final class PartExchange implements StageHooks, AutoCloseable {
    private final RankState state;
    private final Kernels kernels;
    private final Communicator gradientRanks;
    private final Communicator weightRanks;
    private final PeerThread thread;
    private final Runnable joinTable;
    private final Runnable weightsArrived;
    private final List<Part> parts; // as gradients lie
    private final List<Part> weightParts;
    private final Map<Long, Future<?>> underWay = new HashMap<>(); // by where the part's gradients begin
    private final Map<Long, Integer> resident = new HashMap<>(); // part by where its weights begin
    private boolean first;
    private boolean last;
    private long waitNanos;

    /**
     * An exchange for a rank.
     *
     * @param joinTable is called when the token table's gradients of a backward pass are complete
     * @param weightsArrived is called when the weights of a part were brought in
     */
    PartExchange(RankState state, RankGroups groups, Kernels kernels, Runnable joinTable, Runnable weightsArrived) {
        this.state = state;
        this.kernels = kernels;
        this.gradientRanks = groups.gradients();
        this.weightRanks = groups.weights();
        this.thread = new PeerThread("troupe-gradients-" + groups.world().rank());
        this.joinTable = joinTable;
        this.weightsArrived = weightsArrived;
        this.parts = state.gradients().layout().parts();
        this.weightParts = state.weights().layout().parts();
    }

    /** Weights have changed: what is in windows is old. */
    void beginStep() {
        resident.clear();
    }

    /** Says which backward pass is next. */
    void beginBackward(boolean firstOfStep, boolean lastOfStep) {
        first = firstOfStep;
        last = lastOfStep;
    }

    @Override
    public void beforeForward(int part) {
        bringIn(part);
    }

    @Override
    public void beforeBackward(int part) {
        bringIn(part);
        if (state.zero().splitsGradients()) {
            await(underWay.remove(parts.get(part).from()));
        }
    }

    @Override
    public void afterBackward(int part) {
        boolean split = state.zero().splitsGradients();
        if (parts.get(part).kind() == PartKind.TABLE && (last || split)) {
            joinTable.run();
        }
        if (gradientRanks.size() == 1 || !(last || split)) {
            return;
        }
        Tensor whole = RankState.part(state.gradients(), part);
        Slice slice = state.plan().slice(part);
        long[] bounds = state.plan().bounds(part);
        boolean overwrite = first;
        underWay.put(parts.get(part).from(), thread.start(() -> {
            if (!state.zero().splitsMoments()) {
                gradientRanks.allReduce(whole);
                return;
            }
            gradientRanks.reduceScatter(whole, bounds);
            if (split) {
                keep(slice, overwrite);
            }
        }));
    }

    private void keep(Slice slice, boolean overwrite) {
        Tensor sum = RankState.inWindow(state.gradients(), slice);
        Tensor kept = state.ownGradients(slice);
        if (overwrite) {
            kept.copyFrom(sum);
        } else {
            kernels.elementwise().add(kept.size(), sum, kept);
        }
    }

    private void bringIn(int part) {
        if (!state.zero().splitsWeights()) {
            return;
        }
        long window = weightParts.get(part).from();
        if (Integer.valueOf(part).equals(resident.put(window, part))) {
            return;
        }
        Slice slice = state.plan().slice(part);
        Parameters windows = state.weights();
        RankState.inWindow(windows, slice).copyFrom(state.ownWeights(slice));
        gatherWeights(windows, part);
        weightsArrived.run();
    }

    /** After the update: every rank gets the weights that the others have updated, where all ranks hold all weights. */
    void spreadWeights() {
        if (state.zero().splitsMoments() && !state.zero().splitsWeights()) {
            for (int part = 0; part < weightParts.size(); part++) {
                gatherWeights(state.weights(), part);
            }
        }
    }

    private void gatherWeights(Parameters weights, int part) {
        long start = System.nanoTime();
        weightRanks.allGather(RankState.part(weights, part), state.plan().bounds(part));
        waitNanos += System.nanoTime() - start;
    }

    /** Waits until all gradients are summed. */
    void finishGradients() {
        underWay.values().forEach(this::await);
        underWay.clear();
    }

    private void await(@Nullable Future<?> task) {
        long start = System.nanoTime();
        PeerThread.await(task);
        waitNanos += System.nanoTime() - start;
    }

    /** Time that the computation has waited for peers here. */
    long waitNanos() {
        return waitNanos;
    }

    @Override
    public void close() {
        thread.close();
    }
}
