package dev.troupe.model.kernel.parallel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where Linux has the calling thread, by {@code proc(5)}. */
final class ThreadPlace {
    /** Of what is said of a thread behind its name. */
    private static final int PROCESSOR_FIELD = 36;

    private ThreadPlace() {}

    /** The processor that it is on. */
    static int processor() {
        try {
            String stat = Files.readString(Path.of("/proc/thread-self/stat"));
            return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[PROCESSOR_FIELD]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Processors that it may use, such as 0-3. */
    static String allowedProcessors() {
        try {
            return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
