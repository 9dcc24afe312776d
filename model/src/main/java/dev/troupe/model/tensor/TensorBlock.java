package dev.troupe.model.tensor;

import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One allocation of off-heap memory, which any number of tensors are views of. It may have a copy on a device, which is
 * then told before the host touches the memory.
 *
 * <p>A block that the host and a device write at the same time, from two threads, has no defined content.
 */
public final class TensorBlock {
    private final MemorySegment segment;

    /**
     * Not volatile: it is looked at for every element read, and whoever hands a tensor to another thread orders that.
     */
    private @Nullable DeviceCopy copy;

    TensorBlock(MemorySegment segment) {
        this.segment = segment;
    }

    /** The memory, without telling the copy: for the copy itself. */
    public MemorySegment segment() {
        return segment;
    }

    /** Number of float32 elements. */
    public long size() {
        return segment.byteSize() / Float.BYTES;
    }

    /** Whether the memory has not been freed. */
    public boolean isAlive() {
        return segment.scope().isAlive();
    }

    /** The copy on a device, made by {@code maker} when there is none yet. */
    public synchronized DeviceCopy copy(Function<TensorBlock, DeviceCopy> maker) {
        DeviceCopy present = copy;
        if (present == null) {
            present = maker.apply(this);
            copy = present;
        }
        return present;
    }

    /** Forgets the copy; its device is closing and has brought the host up to date. */
    public synchronized void detach() {
        copy = null;
    }

    void release() {
        DeviceCopy present = copy;
        if (present != null) {
            present.release();
            copy = null;
        }
    }

    void beforeRead() {
        DeviceCopy present = copy;
        if (present != null) {
            present.beforeHostRead();
        }
    }

    void beforeWrite() {
        DeviceCopy present = copy;
        if (present != null) {
            present.beforeHostWrite();
        }
    }

    boolean zeroOnDevice(long from, long count) {
        DeviceCopy present = copy;
        return present != null && present.zero(from, count);
    }

    boolean copyOnDevice(TensorBlock source, long sourceFrom, long to, long count) {
        DeviceCopy mine = copy;
        DeviceCopy theirs = source.copy;
        return mine != null && theirs != null && mine.copy(theirs, sourceFrom, to, count);
    }
}
