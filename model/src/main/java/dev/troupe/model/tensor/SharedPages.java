package dev.troupe.model.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An arena's memory, cut piece after piece from huge pages that they share: the matrices of a small model's layers have
 * a few hundred kilobytes each, and where each of their small pages has to be looked up, reading them takes up to twice
 * as long; and a page of its own for the end of each of a large model's matrices would be a fifteenth of all (1.1
 * billion weights of eight bits). The first pieces have memory of their own, so that an arena of little things does not
 * take a huge page; later little ones lie together, so that the gain of a norm does not take a page of the matrix
 * beside it, which may be written to much later. Nothing is freed before the arena. Thread-safe.
 */
final class SharedPages {
    /** Bytes that an arena hands out before it takes huge pages. */
    static final long FIRST_BYTES = HugePages.BYTES / 2;

    /** Pieces of at most so many bytes lie together. */
    private static final long LITTLE_BYTES = HugePages.BYTES / 16;

    private static final long MOST_CHUNK_BYTES = 128 * HugePages.BYTES;

    private final Arena arena;
    private final long alignment;
    private long handedOut;
    private final CutMemory chunks = new CutMemory();
    private final CutMemory littleOnes = new CutMemory();

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
        MemorySegment piece = stride <= LITTLE_BYTES
                ? littleOnes.cut(stride, () -> HugePages.allocate(HugePages.BYTES, arena))
                : chunks.cut(stride, () -> HugePages.allocate(chunkBytes(stride), arena));
        handedOut += stride;
        return piece.asSlice(0, size);
    }

    /** At most as much as was handed out before, which bounds what is mapped and not used. */
    private long chunkBytes(long least) {
        long pages = Math.clamp(handedOut, HugePages.BYTES, MOST_CHUNK_BYTES) / HugePages.BYTES;
        return Math.multiplyExact(Math.max(pages, Math.ceilDiv(least, HugePages.BYTES)), HugePages.BYTES);
    }
}
