package dev.troupe.model.kernel.vector;

import dev.troupe.model.tensor.CutMemory;
import dev.troupe.model.tensor.HugePages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Working memory of kernels, lent for the length of a task and kept for the next one, so that nothing is allocated once
 * every size was seen. It belongs to one set of kernels and is freed by the garbage collector with them.
 */
public final class ScratchPool {
    private static final int SLOTS = 64;
    private static final long ALIGNMENT = 64;

    /** Bytes from which scratch lies in huge pages: a panel that is read again and again costs no misses of the TLB. */
    private static final long HUGE_PAGES = 128 << 10;

    private final AtomicReferenceArray<@Nullable Scratch> idle = new AtomicReferenceArray<>(SLOTS);
    private final AtomicInteger made = new AtomicInteger();
    private final CutMemory huge = new CutMemory();

    /** Uninitialised memory of one borrower. */
    public static final class Scratch implements AutoCloseable {
        private final ScratchPool owner;
        private MemorySegment segment = MemorySegment.NULL;

        private Scratch(ScratchPool owner) {
            this.owner = owner;
        }

        /** Address of the memory, aligned to 64 bytes; valid until {@link #close}. */
        public long address() {
            return segment.address();
        }

        /** While another has it, what it had a moment ago. */
        private long bytes() {
            return segment.byteSize();
        }

        private Scratch ensure(long bytes) {
            if (segment.byteSize() < bytes) {
                long size = Math.max(bytes, 2 * segment.byteSize());
                segment = size >= HUGE_PAGES ? owner.cut(size) : Arena.ofAuto().allocate(size, ALIGNMENT);
            }
            return this;
        }

        /** Gives the memory back. */
        @Override
        public void close() {
            for (int i = 0; i < SLOTS; i++) {
                if (owner.idle.get(i) == null && owner.idle.compareAndSet(i, null, this)) {
                    return;
                }
            }
            // More borrowers at once than slots: the collector takes the rest.
        }
    }

    /** Pieces share huge pages: each has a few hundred kilobytes, and a page of its own would be 2 MB. */
    private synchronized MemorySegment cut(long bytes) {
        long stride = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        long pages = Math.ceilDiv(stride, HugePages.BYTES) * HugePages.BYTES;
        return huge.cut(stride, () -> HugePages.allocate(pages, Arena.ofAuto())).asSlice(0, bytes);
    }

    /**
     * Borrows memory of at least {@code bytes}; close it when done. The smallest that is large enough, else the
     * largest, which grows: so a borrower of little does not hold what another wants much of, who would have to grow
     * the next one.
     */
    public Scratch borrow(long bytes) {
        while (true) {
            int best = -1;
            Scratch found = null;
            int slots = Math.min(made.get(), SLOTS); // who returns takes the first free slot, so there is none behind
            for (int i = 0; i < slots; i++) {
                Scratch scratch = idle.get(i);
                if (scratch != null && (found == null || isBetter(scratch.bytes(), found.bytes(), bytes))) {
                    best = i;
                    found = scratch;
                }
            }
            if (found == null) {
                made.incrementAndGet();
                return new Scratch(this).ensure(bytes);
            }
            if (idle.compareAndSet(best, found, null)) {
                return found.ensure(bytes);
            }
        }
    }

    /** Whether {@code size} serves a borrower of {@code wanted} better than {@code other} does. */
    private static boolean isBetter(long size, long other, long wanted) {
        return other < wanted ? size > other : size >= wanted && size < other;
    }
}
