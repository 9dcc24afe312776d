package dev.troupe.deploy.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Memory of this process that it has really written, as Linux counts it. Of the heap, more is committed than was ever
 * written, so its own pages are counted and taken off: else the heap that is touched bit by bit would look like a leak.
 */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    /** Without pages of files: the system drops those and reads them again as it likes. */
    private static final Pattern ALL = Pattern.compile("RssAnon:\\s+(\\d+) kB");

    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    private static final Pattern IN_MAPPING = Pattern.compile("Anonymous:\\s+(\\d+) kB");
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) .*");
    /** Collectors' word of where the heap and its parts lie: the first address, for some of them others, the end. */
    private static final Pattern RANGE = Pattern.compile("\\[0x([0-9a-f]+)(?:, 0x[0-9a-f]+)?, 0x([0-9a-f]+)\\)");

    private ResidentMemory() {}

    /** The most bytes that were ever resident, of files and the heap, too; 0 where the system does not say. */
    static long peak() {
        return Files.isReadable(STATUS) ? status(PEAK) << 10 : 0;
    }

    /** Kilobytes. */
    private static long status(Pattern figure) {
        try {
            return Files.readAllLines(STATUS).stream()
                    .mapToLong(line -> kilobytes(figure, line))
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Addresses from {@code from} up to but not including {@code to}. */
    record Range(long from, long to) {}

    /** What a collector's words say of the heap; empty when they say nothing of where it lies. */
    static Optional<Range> heap(String info) {
        return RANGE.matcher(info)
                .results()
                .map(range -> new Range(address(range, 1), address(range, 2)))
                .reduce((a, b) -> new Range(Math.min(a.from(), b.from()), Math.max(a.to(), b.to())));
    }

    /** Bytes that are resident, of no file and not the heap's; -1 where the system does not say. */
    static long outsideHeap() {
        if (!Files.isReadable(STATUS) || !Files.isReadable(MAPPINGS)) {
            return -1;
        }
        try (Stream<String> mappings = Files.lines(MAPPINGS)) {
            long all = status(ALL);
            Optional<Range> heap = heap(heapInfo());
            if (all == 0 || heap.isEmpty()) {
                return -1;
            }
            return (all - inside(heap.get().from(), heap.get().to(), mappings.toList())) << 10;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Kilobytes of anonymous memory in a range of addresses.
     *
     * @param lines of smaps: each mapping's range, then its figures
     */
    static long inside(long from, long to, List<String> lines) {
        long kilobytes = 0;
        boolean inside = false;
        for (String line : lines) {
            Matcher mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                inside = address(mapping, 1) >= from && address(mapping, 2) <= to;
            } else if (inside) {
                kilobytes += kilobytes(IN_MAPPING, line);
            }
        }
        return kilobytes;
    }

    private static long kilobytes(Pattern figure, String line) {
        Matcher matcher = figure.matcher(line);
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : 0;
    }

    private static long address(MatchResult range, int group) {
        return Long.parseUnsignedLong(range.group(group), 16);
    }

    private static String heapInfo() {
        try {
            ObjectName commands = new ObjectName("com.sun.management:type=DiagnosticCommand");
            return String.valueOf(ManagementFactory.getPlatformMBeanServer()
                    .invoke(commands, "gcHeapInfo", new Object[0], new String[0]));
        } catch (JMException e) {
            return ""; // another JVM
        }
    }
}
