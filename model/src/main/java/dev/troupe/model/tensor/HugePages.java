package dev.troupe.model.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Large allocations on transparent huge pages ({@code mmap}, {@code madvise(MADV_HUGEPAGE)}; Linux on 64 bits only).
 * The advice must come before the first touch, and {@link Arena#allocate} touches what it returns: it fills it with
 * zeros. So the memory is mapped here, where the kernel zeroes each page when it is first used.
 */
public final class HugePages {
    /** Size and alignment of a huge page on x86-64 and the usual AArch64 kernels. */
    public static final long BYTES = 2L << 20;

    private static final String TENSORS = "tensors";

    private HugePages() {}

    /**
     * Zeroed memory on a boundary of {@link #BYTES}, freed with the arena. Where there are no huge pages, small ones.
     *
     * @param size bytes, more than 0
     * @throws NotEnoughMemoryException when the system gives no more
     */
    public static MemorySegment allocate(long size, Arena arena) {
        Optional<MemoryCalls> found = MemoryCalls.SYSTEM;
        if (found.isEmpty()) {
            return allocateSmallPages(size, arena);
        }
        MemoryCalls calls = found.get();
        long mapped = Math.addExact(Math.ceilDiv(size, BYTES) * BYTES, BYTES); // room to align the start
        long start = calls.map(mapped);
        if (start == MemoryCalls.MAP_FAILED) {
            throw new NotEnoughMemoryException(size, TENSORS);
        }
        long aligned = Math.ceilDiv(start, BYTES) * BYTES;
        MemorySegment segment =
                MemorySegment.ofAddress(aligned).reinterpret(size, arena, closed -> calls.unmap(start, mapped));
        calls.adviseHuge(aligned, Math.ceilDiv(size, BYTES) * BYTES);
        return segment;
    }

    private static MemorySegment allocateSmallPages(long size, Arena arena) {
        try {
            return arena.allocate(size, BYTES);
        } catch (OutOfMemoryError e) { // of the system's memory: the heap has nothing to do with it
            throw new NotEnoughMemoryException(size, TENSORS);
        }
    }
}
