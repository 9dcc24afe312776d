package dev.troupe.actors.transport;

import dev.troupe.actors.collective.Operation;
import dev.troupe.actors.collective.Transfer;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** A transfer that the thread of a rank moves on while it waits for any of the rank's transfers. */
final class PendingTransfer implements Transfer {
    private final RankLinks owner;
    private final Operation operation;
    private final MemorySegment memory;
    private final boolean adds;
    private long moved;
    private boolean finished;

    PendingTransfer(RankLinks owner, Operation operation, MemorySegment memory, boolean adds) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException("only memory off the heap is sent and received");
        }
        if (adds && memory.byteSize() % Float.BYTES != 0) {
            throw new IllegalArgumentException(memory.byteSize() + " bytes are no float32 numbers to be added");
        }
        this.owner = owner;
        this.operation = operation;
        this.memory = memory;
        this.adds = adds;
    }

    @Override
    public void await() {
        owner.await(this);
    }

    Operation operation() {
        return operation;
    }

    MemorySegment memory() {
        return memory;
    }

    long bytes() {
        return memory.byteSize();
    }

    /** Whether what comes is added to what is there. */
    boolean adds() {
        return adds;
    }

    /** Bytes that are done. */
    long moved() {
        return moved;
    }

    long left() {
        return memory.byteSize() - moved;
    }

    /** The next bytes, which the caller reads or writes. */
    ByteBuffer slice(int bytes) {
        return memory.asSlice(moved, bytes).asByteBuffer();
    }

    void move(long bytes) {
        moved += bytes;
    }

    boolean finished() {
        return finished;
    }

    void finish() {
        finished = true;
    }
}
