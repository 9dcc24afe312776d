package dev.troupe.model.tensor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The system's calls for memory. Their failure is in their result; that one cannot be called is a mistake here. */
public record MemoryCalls(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise, MethodHandle mprotect) {
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

    private static Optional<MemoryCalls> find() {
        boolean wide = ADDRESS.byteSize() == Long.BYTES;
        if (!wide || !System.getProperty("os.name", "").equals("Linux")) {
            return Optional.empty();
        }
        SymbolLookup library = Linker.nativeLinker().defaultLookup();
        if (Stream.of("mmap", "munmap", "madvise", "mprotect")
                .anyMatch(name -> library.find(name).isEmpty())) {
            return Optional.empty();
        }
        return Optional.of(new MemoryCalls(
                handle(
                        library.findOrThrow("mmap"),
                        JAVA_LONG,
                        JAVA_LONG,
                        JAVA_LONG,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_LONG),
                handle(library.findOrThrow("munmap"), JAVA_INT, JAVA_LONG, JAVA_LONG),
                handle(library.findOrThrow("madvise"), JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT),
                handle(library.findOrThrow("mprotect"), JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT)));
    }

    static MethodHandle handle(MemorySegment symbol, MemoryLayout result, MemoryLayout... arguments) {
        return Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.of(result, arguments));
    }

    /**
     * Takes the pages of a part of a mapped file out of this process's memory; they come from the system's cache or
     * from the file when they are next used. Does nothing where the system has no such call.
     *
     * @param file all of the mapping, which begins on a page: what lies before it is somebody else's
     * @param part of it
     */
    static void forget(MemorySegment file, MemorySegment part) {
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
        try {
            return (long) mmap.invokeExact(0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
        } catch (Throwable e) {
            throw new IllegalStateException("mmap could not be called", e);
        }
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
        try {
            return (int) mprotect.invokeExact(start, bytes, protection);
        } catch (Throwable e) {
            throw new IllegalStateException("mprotect could not be called", e);
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

    /** Asks for huge pages where memory that nobody has touched is first used. That they are refused is logged. */
    void adviseHuge(long start, long bytes) {
        if (advise(start, bytes, MADV_HUGEPAGE) != 0) {
            LOG.debug("madvise(MADV_HUGEPAGE) refused for {} bytes", bytes);
        }
    }

    /** 0 when the advice was taken. */
    int advise(long start, long bytes, int advice) {
        try {
            return (int) madvise.invokeExact(start, bytes, advice);
        } catch (Throwable e) {
            throw new IllegalStateException("madvise could not be called", e);
        }
    }
}
