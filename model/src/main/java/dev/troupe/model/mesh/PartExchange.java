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
 * Brings parts of weights in before they are used, where they are split: the next block while this one computes, as
 * there are two windows for blocks. Sums gradients over the data axis as soon as a part's are complete, while the
 * backward pass goes on with the next part (the buckets of arXiv:2006.15704: a bucket is a part). Each has a thread and
 * a group of ranks of its own, and all ranks ask for the same parts in the same order. Gradients that are whole on
 * every rank are summed once a step, those that are split after every micro-batch, into the shard.
 */
final class PartExchange implements StageHooks, AutoCloseable {
    private final RankState state;
    private final Kernels kernels;
    private final Communicator gradientRanks;
    private final Communicator weightRanks;
    private final PeerThread thread;
    private final PeerThread weightThread;
    private final Runnable joinTable;
    private final Runnable weightsArrived;
    private final List<Part> parts; // as gradients lie
    private final List<Part> weightParts;
    private final Map<Long, Future<?>> underWay = new HashMap<>(); // by where the part's gradients begin
    private final Map<Long, Integer> resident = new HashMap<>(); // part by where its weights begin
    private final Map<Long, Arrival> arrivals = new HashMap<>(); // the same of those under way
    private long inUse = -1; // where the weights begin that were announced last
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
        this.weightThread = new PeerThread("troupe-weights-" + groups.world().rank());
        this.joinTable = joinTable;
        this.weightsArrived = weightsArrived;
        this.parts = state.gradients().layout().parts();
        this.weightParts = state.weights().layout().parts();
    }

    /** Weights on their way into a window. */
    private record Arrival(int part, Future<?> done) {}

    /** Weights have changed: what is in windows is old. */
    void beginStep() {
        arrivals.values().forEach(arrival -> await(arrival.done()));
        arrivals.clear();
        resident.clear();
        inUse = -1;
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

    @Override
    public void expect(int part) {
        long window = weightParts.get(part).from();
        boolean isThere = Integer.valueOf(part).equals(resident.get(window));
        if (state.zero().splitsWeights() && window != inUse && !isThere && !arrivals.containsKey(window)) {
            resident.remove(window);
            arrivals.put(window, begin(part));
        }
    }

    private void bringIn(int part) {
        if (!state.zero().splitsWeights()) {
            return;
        }
        long window = weightParts.get(part).from();
        inUse = window;
        Arrival arrival = arrivals.remove(window);
        if (arrival != null) {
            await(arrival.done());
            resident.put(window, arrival.part());
            weightsArrived.run();
        }
        if (!Integer.valueOf(part).equals(resident.put(window, part))) {
            await(begin(part).done());
            weightsArrived.run();
        }
    }

    /** Has the part gathered in its window, which nobody uses. */
    private Arrival begin(int part) {
        return new Arrival(part, weightThread.start(() -> {
            Slice slice = state.plan().slice(part);
            RankState.inWindow(state.weights(), slice).copyFrom(state.ownWeights(slice));
            weightRanks.allGather(
                    RankState.part(state.weights(), part), state.plan().bounds(part));
        }));
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
        weightThread.close();
    }
}
