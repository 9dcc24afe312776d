package dev.troupe.deploy.cli;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/** What to say of a model that was written. */
final class Written {
    private static final double MEGA = 1e6;

    private Written() {}

    static void report(Path from, Path to) {
        System.out.printf(
                Locale.ROOT, "%s (%.1f MB) -> %s (%.1f MB)%n", from, bytes(from) / MEGA, to, bytes(to) / MEGA);
    }

    private static long bytes(Path path) {
        try (Stream<Path> files = Files.walk(path)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        } catch (IOException e) {
            throw new TroupeException(path + " cannot be read: " + e.getMessage(), e);
        }
    }
}
