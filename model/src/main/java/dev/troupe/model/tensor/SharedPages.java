package dev.troupe.model.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Pieces of an arena's memory that are smaller than a huge page, cut one after the other from huge pages that they
 * share: the matrices of a small model's layers have a few hundred kilobytes each, and where each of their small pages
 * has to be looked up, reading them takes up to twice as long. The first pieces have memory of their own, so that an
 * arena of little things does not take a huge page. Nothing is freed before the arena. Thread-safe.
 */
final class SharedPages {
    /** Bytes that an arena hands out before it takes huge pages. */
    static final long FIRST_BYTES = HugePages.BYTES / 2;

    private static final long MOST_CHUNK_BYTES = 32 * HugePages.BYTES;

    /** A chunk is so much of what was handed out before, which bounds what is mapped and not used. */
    private static final int SHARE = 4;

    private final Arena arena;
    private final long alignment;
    private long handedOut;
    private MemorySegment free = MemorySegment.NULL;

    SharedPages(Arena arena, long alignment) {
        this.arena = arena;
        this.alignment = alignment;
    }

    /** @param size bytes, fewer than {@link HugePages#BYTES} */
    synchronized MemorySegment allocate(long size) {
        long stride = Math.ceilDiv(Math.max(size, 1), alignment) * alignment;
        handedOut += stride;
        if (handedOut <= FIRST_BYTES) {
            return arena.allocate(size, alignment);
        }
        if (free.byteSize() < stride) {
            long pages = Math.clamp(handedOut / SHARE, HugePages.BYTES, MOST_CHUNK_BYTES) / HugePages.BYTES;
            free = HugePages.allocate(pages * HugePages.BYTES, arena);
        }
        MemorySegment piece = free.asSlice(0, size);
        free = free.asSlice(stride);
        return piece;
    }
}
