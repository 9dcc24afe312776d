package dev.troupe.model.kernel.cache;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The caches of the first processor, as Linux describes them: a folder for each, with files {@code level},
 * {@code type}, {@code size} ("2048K") and {@code shared_cpu_list} ("0-3,8").
 */
final class LinuxCaches {
    /** Where Linux has them. */
    static final Path SYSTEM = Path.of("/sys/devices/system/cpu/cpu0/cache");

    private LinuxCaches() {}

    /** Empty where there is no such description, or none that can be read. */
    static Optional<CacheSizes> read(Path folder) {
        Map<Integer, Long> whole = new TreeMap<>(); // by level
        Map<Integer, Integer> sharers = new TreeMap<>();
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> caches = Files.newDirectoryStream(folder, "index*")) {
            for (Path cache : caches) {
                if (!text(cache, "type").equals("Instruction")) {
                    int level = Integer.parseInt(text(cache, "level"));
                    whole.put(level, bytes(text(cache, "size")));
                    sharers.put(level, processors(text(cache, "shared_cpu_list")));
                }
            }
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
        Long first = whole.get(1);
        Long second = whole.get(2);
        if (first == null || second == null || first <= 0 || second <= 0) {
            return Optional.empty();
        }
        long middle = Math.max(first, second / sharers.getOrDefault(2, 1));
        long outer = whole.values().stream().mapToLong(Long::longValue).max().orElse(second);
        return Optional.of(new CacheSizes(first, middle, outer));
    }

    private static String text(Path cache, String name) throws IOException {
        return Files.readString(cache.resolve(name), StandardCharsets.US_ASCII).strip();
    }

    /** "48K", "2048K" or "32M". */
    private static long bytes(String size) {
        int digits = Math.max(0, size.length() - 1);
        long number = Long.parseLong(size.substring(0, digits));
        return switch (size.substring(digits)) {
            case "K" -> number << 10;
            case "M" -> number << 20;
            case "G" -> number << 30;
            default -> throw new NumberFormatException("a cache of \"" + size + "\"");
        };
    }

    /** How many a list such as "0-3,8" has. */
    private static int processors(String list) {
        int count = 0;
        for (String range : list.split(",", -1)) {
            String[] ends = range.split("-", -1);
            count += Integer.parseInt(ends[ends.length - 1]) - Integer.parseInt(ends[0]) + 1;
        }
        return Math.max(1, count);
    }
}
