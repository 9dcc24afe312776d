package dev.troupe.model.tensor;

/**
 * The copy of a {@link TensorBlock} in a device's memory, told of everything that happens to the block on the host. It
 * keeps track of which side is newer, so that bytes move only when one side reads what the other wrote.
 *
 * <p>Offsets and counts are in float32 elements from the start of the block. Implementations are thread-safe.
 */
public interface DeviceCopy {
    /** The host is about to read: brings the block up to date. */
    void beforeHostRead();

    /**
     * The host is about to write, and perhaps to read: brings the block up to date and forgets the device's content.
     */
    void beforeHostWrite();

    /** Sets a range to zero on the device. Returns false, having done nothing, where the host must do it itself. */
    boolean zero(long from, long count);

    /**
     * Copies a range of {@code source} to {@code to} on the device. Returns false, having done nothing, where the host
     * must do it itself.
     */
    boolean copy(DeviceCopy source, long sourceFrom, long to, long count);

    /** The block's memory is about to be freed; nothing follows. */
    void release();
}
