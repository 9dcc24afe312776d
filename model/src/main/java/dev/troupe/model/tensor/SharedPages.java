package dev.troupe.model.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An arena's memory, cut piece after piece from huge pages that they share: the matrices of a small model's layers have
 * a few hundred kilobytes each, and where each of their small pages has to be looked up, reading them takes up to twice
 * as long; and a page of its own for the end of each of a large model's matrices would be a fifteenth of all (1.1
 * billion weights of eight bits). The first pieces have memory of their own, so that an arena of little things does not
 * take a huge page. Nothing is freed before the arena. Thread-safe.
 */
final class SharedPages {
    /** Bytes that an arena hands out before it takes huge pages. */
    static final long FIRST_BYTES = HugePages.BYTES / 2;

    private static final long MOST_CHUNK_BYTES = 32 * HugePages.BYTES;

    private final Arena arena;
    private final long alignment;
    private long handedOut;
    private MemorySegment free = MemorySegment.NULL;

    SharedPages(Arena arena, long alignment) {
        this.arena = arena;
        this.alignment = alignment;
    }

    /**
     * A piece, zeroed.
     *
     * @param size bytes, at least 1
     * @throws NotEnoughMemoryException when the system gives no more; what was handed out stays
     */
    synchronized MemorySegment allocate(long size) {
        long stride = Math.multiplyExact(Math.ceilDiv(size, alignment), alignment);
        if (stride <= FIRST_BYTES - handedOut) {
            handedOut += stride;
            return arena.allocate(size, alignment);
        }
        boolean fits = stride <= free.byteSize();
        MemorySegment chunk = fits ? free : HugePages.allocate(chunkBytes(stride), arena);
        MemorySegment rest = chunk.asSlice(stride);
        if (fits || rest.byteSize() > free.byteSize()) {
            free = rest;
        }
        handedOut += stride;
        return chunk.asSlice(0, size);
    }

    /** At most as much as was handed out before, which bounds what is mapped and not used. */
    private long chunkBytes(long least) {
        long pages = Math.clamp(handedOut, HugePages.BYTES, MOST_CHUNK_BYTES) / HugePages.BYTES;
        return Math.multiplyExact(Math.max(pages, Math.ceilDiv(least, HugePages.BYTES)), HugePages.BYTES);
    }
}
