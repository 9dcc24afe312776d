package dev.troupe.model.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.troupe.model.system.NativeFunction;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The system's calls for memory. Their failure is in their result. */
public final class MemoryCalls {
    /** Of Linux on 64 bits; empty elsewhere. */
    public static final Optional<MemoryCalls> SYSTEM = find();

    static final long MAP_FAILED = -1;

    private static final Logger LOG = LoggerFactory.getLogger(MemoryCalls.class);
    private static final long PAGE = 64 << 10; // a multiple of the page size of every system
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_HUGEPAGE = 14;
    private static final int PROT_READ_WRITE = 3;
    private static final int PROT_READ_EXECUTE = 5;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int NO_FILE = -1;

    private final NativeFunction mmap;
    private final NativeFunction munmap;
    private final NativeFunction madvise;
    private final NativeFunction mprotect;

    private MemoryCalls(NativeFunction mmap, NativeFunction munmap, NativeFunction madvise, NativeFunction mprotect) {
        this.mmap = mmap;
        this.munmap = munmap;
        this.madvise = madvise;
        this.mprotect = mprotect;
    }

    private static Optional<MemoryCalls> find() {
        List<NativeFunction> calls = Stream.of("mmap", "munmap", "madvise", "mprotect")
                .flatMap(name -> NativeFunction.ofLinux(name).stream())
                .toList();
        return calls.size() < 4
                ? Optional.empty()
                : Optional.of(new MemoryCalls(calls.get(0), calls.get(1), calls.get(2), calls.get(3)));
    }

    /**
     * Takes the pages of a part of a mapped file out of this process's memory; they come from the system's cache or
     * from the file when they are next used. Does nothing where the system has no such call.
     *
     * @param file all of the mapping, which begins on a page: what lies before it is somebody else's
     * @param part of it
     */
    public static void forget(MemorySegment file, MemorySegment part) {
        if (part.byteSize() == 0) {
            return;
        }
        long from = (part.address() - file.address()) / PAGE * PAGE;
        MemorySegment pages = file.asSlice(from, part.address() + part.byteSize() - file.address() - from);
        SYSTEM.ifPresent(calls -> {
            if (calls.advise(pages.address(), pages.byteSize(), MADV_DONTNEED) != 0) {
                LOG.debug("madvise(MADV_DONTNEED) refused for {} bytes of a file", pages.byteSize());
            }
        });
    }

    /** Zeroed memory on page boundaries; {@link #MAP_FAILED} when there is no more. */
    long map(long bytes) {
        return mmap.call(0, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, NO_FILE, 0);
    }

    /**
     * Memory with this code in it, which can be read and executed from then on, not written; for the life of the
     * process.
     *
     * @return empty when the system refuses such memory
     */
    public Optional<MemorySegment> mapExecutable(byte[] code) {
        long start = map(code.length);
        if (start == MAP_FAILED) {
            return Optional.empty();
        }
        MemorySegment pages = MemorySegment.ofAddress(start).reinterpret(code.length);
        MemorySegment.copy(code, 0, pages, JAVA_BYTE, 0, code.length);
        if (protect(start, code.length, PROT_READ_EXECUTE) != 0) {
            unmap(start, code.length);
            return Optional.empty();
        }
        return Optional.of(pages.asReadOnly());
    }

    private int protect(long start, long bytes, int protection) {
        return (int) mprotect.call(start, bytes, protection);
    }

    void unmap(long start, long bytes) {
        if ((int) munmap.call(start, bytes) != 0) {
            LOG.warn("munmap of {} bytes failed: they stay mapped", bytes);
        }
    }

    /** Asks for huge pages where memory that nobody has touched is first used. That they are refused is logged. */
    void adviseHuge(long start, long bytes) {
        if (advise(start, bytes, MADV_HUGEPAGE) != 0) {
            LOG.debug("madvise(MADV_HUGEPAGE) refused for {} bytes", bytes);
        }
    }

    /** 0 when the advice was taken. */
    int advise(long start, long bytes, int advice) {
        return (int) madvise.call(start, bytes, advice);
    }
}
