package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.deploy.cli.TroupeCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A running {@code troupe} command of the distribution, with its output in files. Closing it kills what still runs. */
final class TroupeProcess implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    /** For what ends before it computes: a second compiler would only cost time. */
    private static final String SHORT_LIVED = "-Xmx1g -XX:TieredStopAtLevel=1";

    /** Of nodes. */
    static final String JAVA_OPTIONS = "-Xmx1g";

    private static final List<String> BESIDE = List.of("nice", "-n", "19");
    private static final Pattern METRICS = Pattern.compile("metrics (http://\\S+/metrics)");
    private static final Duration REFUSAL = Duration.ofMinutes(2);
    private static final Duration ARCHIVE = Duration.ofMinutes(3);

    private final Process process;
    private final Path stdout;
    private final Path stderr;

    private TroupeProcess(Process process, Path stdout, Path stderr) {
        this.process = process;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    /** A port of this machine that nobody listens on. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Starts {@code troupe args...} in {@code workDir}. */
    static TroupeProcess start(Path workDir, String... args) {
        return startWith(JAVA_OPTIONS, workDir, args);
    }

    /** The same with JVM options of its own. */
    static TroupeProcess startWith(String javaOptions, Path workDir, String... args) {
        return start(List.of(), javaOptions, workDir, args);
    }

    private static TroupeProcess start(List<String> prefix, String javaOptions, Path workDir, String... args) {
        List<String> command = new ArrayList<>(prefix);
        command.add(distribution().resolve("bin/troupe").toString());
        command.addAll(List.of(args));
        try {
            Path stdout = Files.createTempFile(workDir, "stdout-", ".txt");
            Path stderr = Files.createTempFile(workDir, "stderr-", ".txt");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(workDir.toFile())
                    .redirectOutput(stdout.toFile())
                    .redirectError(stderr.toFile());
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            builder.environment().put("TROUPE_JAVA_OPTS", javaOptions);
            return new TroupeProcess(builder.start(), stdout, stderr);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command to its end. */
    static Result run(Path workDir, Duration timeout, String... args) {
        try (TroupeProcess process = start(workDir, args)) {
            return process.await(timeout);
        }
    }

    /**
     * Runs a long command to its end in what other tests leave of the processors, for a test that runs beside them and
     * asks nothing of its time.
     */
    static Result runBeside(Path workDir, Duration timeout, String... args) {
        try (TroupeProcess process = start(BESIDE, JAVA_OPTIONS, workDir, args)) {
            return process.await(timeout);
        }
    }

    /** Runs a command in this process, where kernels are compiled already, and hears what it prints as its result. */
    static Result here(String... args) {
        System.setProperty("troupe.home", built().toString()); // for profiles by name
        PrintStream console = System.out;
        ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        System.setOut(new PrintStream(stdout, true, StandardCharsets.UTF_8));
        try {
            int exitCode = TroupeCommand.run(args);
            return new Result(exitCode, stdout.toString(StandardCharsets.UTF_8), "");
        } finally {
            System.setOut(console);
        }
    }

    /**
     * Runs a command that must end as an error of its input does: with exit code 2, and a message without a stack trace
     * that has all of {@code named}.
     */
    static void refused(Path workDir, List<String> named, String... args) {
        refused(named, args, startWith(SHORT_LIVED, workDir, args));
    }

    /** As {@link #refused}, in a test as of {@link #runBeside}. */
    static void refusedBeside(Path workDir, List<String> named, String... args) {
        refused(named, args, start(BESIDE, SHORT_LIVED, workDir, args));
    }

    private static void refused(List<String> named, String[] args, TroupeProcess started) {
        try (TroupeProcess process = started) {
            assertThat(process.await(REFUSAL).expectExit(2).stderr())
                    .as("message of troupe %s", String.join(" ", args))
                    .contains(named)
                    .doesNotContain("Exception")
                    .doesNotContain("\tat ");
        }
    }

    /** With its archive of classes, which is made once, as README says: all that is started from it starts sooner. */
    static Path distribution() {
        return Prepared.DISTRIBUTION;
    }

    private static final class Prepared {
        static final Path DISTRIBUTION = withArchive(built());
    }

    private static Path withArchive(Path distribution) {
        try {
            Path archive = distribution.resolve("troupe.jsa");
            if (!Files.exists(archive) || isOlder(archive, distribution.resolve("lib"))) {
                ProcessBuilder builder = new ProcessBuilder(
                        distribution.resolve("bin/troupe-archive").toString());
                builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
                Path output = Files.createTempFile("troupe-archive-", ".txt");
                builder.redirectErrorStream(true).redirectOutput(output.toFile());
                Result made = new TroupeProcess(builder.start(), output, output).await(ARCHIVE);
                assertThat(made.exitCode()).as(made.stdout()).isZero();
                assertThat(made.stdout()).contains("wrote", "troupe.jsa", "troupe-train.jsa");
                Files.delete(output);
            }
            assertThat(archive).isNotEmptyFile();
            assertThat(distribution.resolve("archived")).isDirectoryContaining("glob:**/scala-library-*.jar");
            return distribution;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isOlder(Path archive, Path jars) throws IOException {
        long made = archive.toFile().lastModified();
        try (Stream<Path> files = Files.list(jars)) {
            return files.anyMatch(jar -> jar.toFile().lastModified() > made);
        }
    }

    private static Path built() {
        Path path = Path.of(System.getProperty("troupe.distribution", "../deploy/target/troupe"))
                .toAbsolutePath()
                .normalize();
        if (!Files.isExecutable(path.resolve("bin/troupe"))) {
            throw new IllegalStateException("no distribution at " + path + ": run the package phase first");
        }
        return path;
    }

    /** Waits for the end of the process; kills it and fails when that takes longer than {@code timeout}. */
    Result await(Duration timeout) {
        try {
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                kill();
                throw new AssertionError("still running after " + timeout + "\n" + output());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
        return new Result(process.exitValue(), standardOutput(), standardError());
    }

    /** Waits until {@code condition} holds of this process's standard error and output. */
    void awaitOutput(String what, Duration timeout, Predicate<String> condition) {
        long end = System.nanoTime() + timeout.toNanos();
        while (!condition.test(standardOutput() + standardError())) {
            if (System.nanoTime() > end || !process.isAlive()) {
                throw new AssertionError("waited for " + what + "; the process is "
                        + (process.isAlive() ? "alive" : "gone") + "\n" + output());
            }
            pause(50);
        }
    }

    /** Where the node says that its metrics are, as soon as it does. */
    URI awaitMetrics(Duration timeout) {
        awaitOutput(
                "where its metrics are", timeout, said -> METRICS.matcher(said).find());
        Matcher said = METRICS.matcher(standardOutput() + standardError());
        assertThat(said.find()).isTrue();
        return URI.create(said.group(1));
    }

    /** SIGKILL, the whole family: nothing gets a chance to tidy up. */
    void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What Ctrl-C sends. */
    void interrupt() {
        signal("INT");
    }

    /** Sends a signal, such as STOP or CONT. */
    void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String standardOutput() {
        return read(stdout);
    }

    String standardError() {
        return read(stderr);
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    private String output() {
        return "--- stdout\n" + standardOutput() + "\n--- stderr\n" + standardError();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How a command ended and what it said. */
    record Result(int exitCode, String stdout, String stderr) {
        /** The object on the last line of standard output. */
        JsonNode json() {
            String line = stdout.strip().lines().reduce("", (before, last) -> last);
            try {
                return MAPPER.readTree(line);
            } catch (JsonProcessingException e) {
                throw new AssertionError("no JSON on the last line:\n" + stdout + "\n--- stderr\n" + stderr, e);
            }
        }

        Result expectExit(int code) {
            if (exitCode != code) {
                throw new AssertionError("exit code " + exitCode + " instead of " + code + "\n--- stdout\n" + stdout
                        + "\n--- stderr\n" + stderr);
            }
            return this;
        }
    }
}
