package dev.troupe.model.mesh.checkpoint;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.RankLayout;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.mesh.ShardPlan.Slice;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tensor.TensorFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A copy of what a rank owns, in one piece of memory: [3, S] with its weights, first and second moments in the order of
 * its shard (S elements), and the step after which they were so. Training waits for the copy only; a file is written
 * from it, or it is sent to a peer, meanwhile. The next {@link #take} must wait until that is done.
 *
 * <p>With ZeRO 1 and 2 a rank holds all weights but owns a slice of them: this has the slice.
 */
public final class ShardSnapshot implements AutoCloseable {
    private static final int KINDS = StateKind.values().length;
    private static final long COPY_BYTES = 4L << 20; // large beside what it costs to hand a thread some work

    private final TensorArena arena = TensorArena.open("checkpoint.snapshot");
    private final RankLayout layout;
    private final Tensor data;
    private final @Nullable TensorFile file;
    private long step;

    private record Copy(MemorySegment from, MemorySegment to, MemorySegment inSnapshot) {}

    private ShardSnapshot(RankLayout layout, @Nullable Path offload) {
        this.layout = layout;
        int elements = Math.toIntExact(layout.shardSize());
        if (offload == null) {
            this.file = null;
            this.data = arena.allocate(KINDS, elements);
            data.zero(); // has the system give its pages now, and not in the middle of the first copy
        } else {
            long size = TensorFile.bytesOf(KINDS * layout.shardSize());
            TensorFile mapped = TensorFile.create(offload, "rank-" + layout.rank() + "-copy", size);
            this.file = mapped;
            this.data = mapped.allocate(KINDS, elements);
        }
    }

    /** Memory for snapshots of this rank. */
    public static ShardSnapshot allocate(RankState state) {
        return allocate(state, null);
    }

    /** The same in a file in {@code offload}, or in memory when that is null. */
    public static ShardSnapshot allocate(RankState state, @Nullable Path offload) {
        return new ShardSnapshot(state.rankLayout(), offload);
    }

    /** Memory for what another rank sends; its peers need nothing but the settings to know how large that is. */
    public static ShardSnapshot allocate(MeshSettings settings, int rank) {
        return allocate(settings, rank, null);
    }

    /** The same in a file in {@code offload}, or in memory when that is null. */
    public static ShardSnapshot allocate(MeshSettings settings, int rank, @Nullable Path offload) {
        return new ShardSnapshot(RankLayout.of(settings, rank), offload);
    }

    /** Copies what the rank owns now. Nobody may change it meanwhile. */
    public void take(RankState state) {
        copy(state, true, null);
        step = state.step();
    }

    /** The same with all threads of a pool: one thread alone does not use a large machine's memory bandwidth. */
    public void take(RankState state, ComputePool pool) {
        copy(state, true, pool);
        step = state.step();
    }

    /**
     * Copies back what was taken, to the same rank or to a replica of it, bit for bit, and its step.
     *
     * <p>With ZeRO 1 and 2 all ranks of the data axis must call {@link dev.troupe.model.mesh.RankProgram#spreadWeights}
     * next: the other slices of the weights are not here.
     *
     * @throws TroupeException when it was taken of something else
     */
    public void restoreTo(RankState state) {
        copy(state, false, null);
        state.setStep(step);
    }

    private void copy(RankState state, boolean taking, @Nullable ComputePool pool) {
        if (!layout.holdsTheSameAs(state.rankLayout())) {
            throw new TroupeException("a snapshot of rank " + layout.rank() + " does not fit the state of rank "
                    + state.rankLayout().rank()
                    + ": they have other parameters, or other slices of them; read a checkpoint from disk instead");
        }
        List<Copy> copies = new ArrayList<>();
        for (Slice slice : layout.plan().slices()) {
            addCopies(copies, taking, state.ownWeights(slice), part(StateKind.WEIGHT, slice));
            addCopies(copies, taking, state.moment1(slice), part(StateKind.MOMENT1, slice));
            addCopies(copies, taking, state.moment2(slice), part(StateKind.MOMENT2, slice));
        }
        if (pool == null) {
            copies.forEach(this::run);
        } else {
            pool.run(copies.size(), i -> run(copies.get(i)));
        }
        state.forgetMoments(0, layout.shardSize());
    }

    private static void addCopies(List<Copy> copies, boolean taking, Tensor live, Tensor copied) {
        MemorySegment from = (taking ? live : copied).readOnlySegment(); // brings it from a device first
        MemorySegment to = (taking ? copied : live).segment();
        for (long at = 0; at < from.byteSize(); at += COPY_BYTES) {
            long bytes = Math.min(COPY_BYTES, from.byteSize() - at);
            MemorySegment fromPart = from.asSlice(at, bytes);
            MemorySegment toPart = to.asSlice(at, bytes);
            copies.add(new Copy(fromPart, toPart, taking ? toPart : fromPart));
        }
    }

    private void run(Copy copy) {
        MemorySegment.copy(copy.from(), 0, copy.to(), 0, copy.to().byteSize());
        if (file != null) {
            file.forget(copy.inSnapshot());
        }
    }

    /** It is not used for a while: nothing to do unless it is in a file. */
    public void forget() {
        if (file != null) {
            file.forget(data);
        }
    }

    private Tensor part(StateKind kind, Slice slice) {
        return data.view(row(kind) * layout.shardSize() + slice.shardOffset(), slice.size());
    }

    private static int row(StateKind kind) {
        return switch (kind) {
            case WEIGHT -> 0;
            case MOMENT1 -> 1;
            case MOMENT2 -> 2;
        };
    }

    /** Elements [offset, offset + length) of the shard. */
    Tensor elements(StateKind kind, long offset, int length) {
        return data.view(row(kind) * layout.shardSize() + offset, length);
    }

    /** All of it, [3, S]: to be sent, or to be overwritten by what a peer sends; see {@link #received}. */
    public Tensor data() {
        return data;
    }

    /** Says of which step the data are that a peer's have just overwritten. */
    public void received(long ofStep) {
        step = ofStep;
    }

    /** What it is a copy of. */
    public RankLayout layout() {
        return layout;
    }

    /** Steps taken before it was. */
    public long step() {
        return step;
    }

    /** Bytes of memory. */
    public long bytes() {
        return arena.bytes();
    }

    @Override
    public void close() {
        arena.close();
        if (file != null) {
            file.close();
        }
    }
}
