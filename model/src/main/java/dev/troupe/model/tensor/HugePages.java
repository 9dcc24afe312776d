package dev.troupe.model.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

    private static final Pattern RANGE = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) ");

    private HugePages() {}

    /**
     * Zeroed memory on a boundary of {@link #BYTES}, freed with the arena. Where there are no huge pages, small ones.
     *
     * @param size bytes, more than 0
     * @throws OutOfMemoryError when the system gives no more
     */
    public static MemorySegment allocate(long size, Arena arena) {
        Optional<MemoryCalls> found = MemoryCalls.SYSTEM;
        if (found.isEmpty()) {
            return arena.allocate(size, BYTES);
        }
        MemoryCalls calls = found.get();
        long mapped = Math.addExact(Math.ceilDiv(size, BYTES) * BYTES, BYTES); // room to align the start
        long start = calls.map(mapped);
        if (start == MemoryCalls.MAP_FAILED) {
            throw new OutOfMemoryError("the system gave no " + size + " bytes of memory");
        }
        long aligned = Math.ceilDiv(start, BYTES) * BYTES;
        MemorySegment segment =
                MemorySegment.ofAddress(aligned).reinterpret(size, arena, closed -> calls.unmap(start, mapped));
        if (calls.advise(aligned, Math.ceilDiv(size, BYTES) * BYTES, MemoryCalls.MADV_HUGEPAGE) != 0) {
            LOG.debug("madvise(MADV_HUGEPAGE) refused for {} bytes", size);
        }
        return segment;
    }

    /**
     * Whether the part of a file that was read through a mapping is mapped in huge pages, most of it. Linux's word for
     * it, {@code /proc/self/smaps}, takes a few milliseconds.
     *
     * @param mapped memory of one mapping of a file
     * @return true where the system does not say
     */
    public static boolean areHuge(MemorySegment mapped) {
        Path maps = Path.of("/proc/self/smaps");
        if (!Files.isReadable(maps)) {
            return true;
        }
        try (Stream<String> lines = Files.lines(maps, StandardCharsets.ISO_8859_1)) {
            Iterator<String> left = lines.iterator();
            long resident = 0;
            for (boolean inside = false; left.hasNext(); ) {
                String line = left.next();
                Matcher range = RANGE.matcher(line);
                if (range.lookingAt()) {
                    inside = Long.compareUnsigned(Long.parseUnsignedLong(range.group(1), 16), mapped.address()) <= 0
                            && Long.compareUnsigned(mapped.address(), Long.parseUnsignedLong(range.group(2), 16)) < 0;
                } else if (inside && line.startsWith("Rss:")) {
                    resident = number(line);
                } else if (inside && line.startsWith("FilePmdMapped:")) {
                    return 2 * number(line) >= resident;
                }
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("{} cannot be read", maps, e);
        }
        return true;
    }

    private static long number(String line) {
        return Long.parseLong(line.replaceAll("\\D", ""));
    }
}
