package dev.troupe.gpu.device;

import java.lang.foreign.MemorySegment;

/**
 * A device with two heaps of 32-bit elements that every kernel may read and write. Calls take effect in the order in
 * which they are made, whichever threads make them.
 */
public interface Device extends AutoCloseable {
    /** What it is, for a log. */
    String description();

    /** Elements of a heap; an address fits in an int. */
    int elements(Heap heap);

    /** Starts a kernel whose addresses are filled in; may return before it has run. */
    void launch(Launch launch);

    /** Copies {@code count} elements from the host to a heap; the memory may be changed after the return. */
    void upload(Heap heap, MemorySegment from, int to, long count);

    /** Copies {@code count} elements from a heap to the host, after all that was launched before. */
    void download(Heap heap, int from, MemorySegment to, long count);

    /** Waits for all that was launched. */
    void await();

    /** Frees what the device holds. */
    @Override
    void close();
}
