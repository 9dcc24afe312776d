package dev.troupe.deploy.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The memory that serving a model took, beside what it may take.
 *
 * @param fileBytes of the model's weights: the file, or all safetensors files of the directory
 * @param kvCacheBytes most bytes of the key-value cache, which takes memory only as it fills, and of a step's rows
 * @param allowedBytes 1.15 times the file, and the key-value cache
 * @param peakResidentBytes the most memory that this process had (VmHWM), 0 where the system does not say
 * @param peakOverFile the same over {@code fileBytes}
 * @param peakOverAllowed 1 for all that is allowed
 */
public record MemoryUse(
        long fileBytes,
        long kvCacheBytes,
        long allowedBytes,
        long peakResidentBytes,
        double peakOverFile,
        double peakOverAllowed) {
    private static final double MOST_OVER_FILE = 1.15;

    /** Of this process until now. */
    static MemoryUse of(Path model, long kvCacheBytes) {
        long file = fileBytes(model);
        long allowed = Math.round(MOST_OVER_FILE * file) + kvCacheBytes;
        long peak = ResidentMemory.peak();
        return new MemoryUse(file, kvCacheBytes, allowed, peak, peak / (double) file, peak / (double) allowed);
    }

    /** As commands print it. */
    public String line() {
        return "peak of memory %.2f GB, %.2f times the file (%.2f GB), of %.2f GB that 1.15 times the file and the key-value cache are"
                .formatted(peakResidentBytes / 1e9, peakOverFile, fileBytes / 1e9, allowedBytes / 1e9);
    }

    private static long fileBytes(Path model) {
        try {
            if (Files.isRegularFile(model)) {
                return Files.size(model);
            }
            try (Stream<Path> files = Files.list(model)) {
                return files.filter(file -> file.toString().endsWith(".safetensors"))
                        .mapToLong(file -> file.toFile().length())
                        .sum();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
