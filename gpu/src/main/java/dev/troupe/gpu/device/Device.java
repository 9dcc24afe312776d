package dev.troupe.gpu.device;

import java.lang.foreign.MemorySegment;

/**
 * A device with one heap of float32 elements that every kernel reads and writes. Calls take effect in the order in
 * which they are made, whichever threads make them.
 */
public interface Device extends AutoCloseable {
    /** What it is, for a log. */
    String description();

    /** Elements of the heap; an address fits in an int. */
    int heapElements();

    /** Starts a kernel whose addresses are filled in; may return before it has run. */
    void launch(Launch launch);

    /** Copies {@code count} elements from the host to the heap; the memory may be changed after the return. */
    void upload(MemorySegment from, int to, long count);

    /** Copies {@code count} elements from the heap to the host, after all that was launched before. */
    void download(int from, MemorySegment to, long count);

    /** Frees what the device holds. */
    @Override
    void close();
}
