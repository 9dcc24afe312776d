package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.HeldCopy;
import dev.troupe.model.mesh.checkpoint.ShardSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The latest two copies of a rank's state on a node: while one is overwritten, the other is whole, so that there is a
 * step that every rank has, whenever a node dies. Thread-safe.
 */
final class CopySlots implements AutoCloseable {
    private static final long EMPTY = -1;

    private final int shard;
    private final List<ShardSnapshot> slots;
    private final long[] steps = {EMPTY, EMPTY};
    private int next;
    private boolean closed;

    CopySlots(int shard, Supplier<ShardSnapshot> memory) {
        this.shard = shard;
        this.slots = List.of(memory.get(), memory.get());
    }

    /** The older of the two, which is no copy any more until {@link #filled}. */
    synchronized ShardSnapshot overwriteOldest() {
        steps[next] = EMPTY;
        return slots.get(next);
    }

    /** What {@link #overwriteOldest} gave is now the state after so many steps. */
    synchronized void filled(long step) {
        steps[next] = step;
        next = 1 - next;
    }

    /** The copy of this step. */
    synchronized Optional<ShardSnapshot> at(int ofShard, long step) {
        for (int i = 0; i < steps.length && !closed; i++) {
            if (shard == ofShard && steps[i] == step) {
                return Optional.of(slots.get(i));
            }
        }
        return Optional.empty();
    }

    /** Bytes of memory. */
    synchronized long bytes() {
        return closed ? 0 : slots.stream().mapToLong(ShardSnapshot::bytes).sum();
    }

    /** What is whole. */
    synchronized List<HeldCopy> held() {
        List<HeldCopy> held = new ArrayList<>();
        for (long step : steps) {
            if (step != EMPTY && !closed) {
                held.add(new HeldCopy(shard, step));
            }
        }
        return held;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            slots.forEach(ShardSnapshot::close);
        }
    }
}
