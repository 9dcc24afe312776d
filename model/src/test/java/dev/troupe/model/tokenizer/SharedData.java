package dev.troupe.model.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Finds the project's reference data, which lies beside the repository; tests without it are skipped by name. */
public final class SharedData {
    private SharedData() {}

    /** The file or directory {@code ../shared/data/<path>}; skips the test when it is missing. */
    public static Path find(String path) {
        Path root = root();
        Path file = root == null ? null : root.resolve(path);
        Assumptions.assumeTrue(file != null && Files.exists(file), path + ": ../shared/data/" + path + " is missing");
        return Objects.requireNonNull(file);
    }

    private static @Nullable Path root() {
        String given = System.getProperty("troupe.shared", System.getenv().getOrDefault("TROUPE_SHARED", ""));
        if (!given.isEmpty()) {
            return Path.of(given);
        }
        for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
            Path shared = dir.resolveSibling("shared").resolve("data");
            if (Files.isDirectory(shared)) {
                return shared;
            }
        }
        return null;
    }
}
