package dev.troupe.model.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a program of the tests in a JVM of its own, with the launcher's flags for kernels. */
public final class ChildJvm {
    private ChildJvm() {}

    /** Runs {@code main} to its end, which must be a good one; returns the words of the last line that it prints. */
    public static String[] lastLine(Class<?> main, List<String> flags, String... arguments)
            throws IOException, InterruptedException {
        return lines(main, flags, arguments).getLast().split(" ", -1);
    }

    /** Runs {@code main} to its end, which must be a good one; returns what it prints, which must be something. */
    public static List<String> lines(Class<?> main, List<String> flags, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of(
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        assertThat(output).isNotEmpty();
        return output.lines().toList();
    }
}
