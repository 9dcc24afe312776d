package dev.troupe.actors.collective;

import java.lang.foreign.MemorySegment;

/**
 * The way between this rank and one other, both directions, each first in, first out. Nothing here waits: a transfer
 * proceeds while any transfer of the group is waited for. Hence a ring, in which all send before they receive, never
 * stands still, whatever fits into buffers. Both sides must cut what they move into the same transfers.
 */
public interface TensorLink {
    /** Starts to send this memory after what is being sent already. Any size, 0 included. */
    Transfer send(Operation operation, MemorySegment values);

    /** Starts to receive as many bytes as {@code into} has, after what is being received already. */
    Transfer receive(Operation operation, MemorySegment into);

    /** As {@link #receive}, but adds the float32 numbers that come to those that are there. */
    Transfer receiveAndAdd(Operation operation, MemorySegment into);
}
