package dev.troupe.model.tensor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Large allocations on transparent huge pages ({@code mmap}, {@code madvise(MADV_HUGEPAGE)}; Linux on 64 bits only).
 * The advice must come before the first touch, and {@link Arena#allocate} touches what it returns: it fills it with
 * zeros. So the memory is mapped here, where the kernel zeroes each page when it is first used.
 */
public final class HugePages {
    /** Size and alignment of a huge page on x86-64 and the usual AArch64 kernels. */
    public static final long BYTES = 2L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(HugePages.class);
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long MAP_FAILED = -1;
    private static final int MADV_HUGEPAGE = 14;
    private static final Optional<Calls> CALLS = Calls.find();

    private HugePages() {}

    /**
     * Zeroed memory on a boundary of {@link #BYTES}, freed with the arena. Where there are no huge pages, small ones.
     *
     * @param size bytes, more than 0
     * @throws OutOfMemoryError when the system gives no more
     */
    public static MemorySegment allocate(long size, Arena arena) {
        if (CALLS.isEmpty()) {
            return arena.allocate(size, BYTES);
        }
        Calls calls = CALLS.get();
        long mapped = Math.addExact(Math.ceilDiv(size, BYTES) * BYTES, BYTES); // room to align the start
        long start = calls.map(mapped);
        if (start == MAP_FAILED) {
            throw new OutOfMemoryError("the system gave no " + size + " bytes of memory");
        }
        long aligned = Math.ceilDiv(start, BYTES) * BYTES;
        MemorySegment segment =
                MemorySegment.ofAddress(aligned).reinterpret(size, arena, closed -> calls.unmap(start, mapped));
        if (calls.advise(aligned, Math.ceilDiv(size, BYTES) * BYTES) != 0) {
            LOG.debug("madvise(MADV_HUGEPAGE) refused for {} bytes", size);
        }
        return segment;
    }

    /** The system's calls. Their failure is in their result; that one cannot be called is a mistake here. */
    private record Calls(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
        static Optional<Calls> find() {
            boolean wide = ADDRESS.byteSize() == Long.BYTES;
            if (!wide || !System.getProperty("os.name", "").equals("Linux")) {
                return Optional.empty();
            }
            SymbolLookup library = Linker.nativeLinker().defaultLookup();
            return library.find("mmap")
                    .flatMap(mmap -> library.find("munmap")
                            .flatMap(munmap -> library.find("madvise")
                                    .map(madvise -> new Calls(
                                            handle(
                                                    mmap, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
                                                    JAVA_LONG),
                                            handle(munmap, JAVA_INT, JAVA_LONG, JAVA_LONG),
                                            handle(madvise, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT)))));
        }

        private static MethodHandle handle(MemorySegment symbol, MemoryLayout result, MemoryLayout... arguments) {
            return Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.of(result, arguments));
        }

        long map(long bytes) {
            try {
                return (long) mmap.invokeExact(0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
            } catch (Throwable e) {
                throw new IllegalStateException("mmap could not be called", e);
            }
        }

        void unmap(long start, long bytes) {
            try {
                if ((int) munmap.invokeExact(start, bytes) != 0) {
                    LOG.warn("munmap of {} bytes failed: they stay mapped", bytes);
                }
            } catch (Throwable e) {
                throw new IllegalStateException("munmap could not be called", e);
            }
        }

        int advise(long start, long bytes) {
            try {
                return (int) madvise.invokeExact(start, bytes, MADV_HUGEPAGE);
            } catch (Throwable e) {
                throw new IllegalStateException("madvise could not be called", e);
            }
        }
    }
}
