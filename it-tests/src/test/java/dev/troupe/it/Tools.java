package dev.troupe.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Programs and data outside the project that some tests use when they are there. */
final class Tools {
    private Tools() {}

    /** A program on the PATH. */
    static Optional<Path> find(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** A file of the test data that lies beside a checkout, in {@code ../shared/data}. */
    static Optional<Path> shared(String relative) {
        String configured = System.getProperty("troupe.shared", System.getenv("TROUPE_SHARED"));
        Stream<Path> roots = configured != null
                ? Stream.of(Path.of(configured))
                : Stream.iterate(Path.of("").toAbsolutePath(), folder -> folder != null, Path::getParent)
                        .map(folder -> folder.resolve("shared"));
        return roots.map(root -> root.resolve("data").resolve(relative))
                .filter(Files::exists)
                .findFirst();
    }

    /** Runs a program to its end; returns its exit code and all it printed, standard error included. */
    static Output run(Path workDir, Duration timeout, List<String> command) {
        try {
            Path file = Files.createTempFile(workDir, "output-", ".txt");
            Process process = new ProcessBuilder(command)
                    .directory(workDir.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(file.toFile())
                    .start();
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new AssertionError(command + " still running after " + timeout + "\n" + Files.readString(file));
            }
            return new Output(process.exitValue(), Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** How a program ended. */
    record Output(int exitCode, String text) {}
}
