package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A training step leaves no garbage but the small objects of parallel calls, and takes no native memory. */
class StepGarbageTest {
    /** Tokens of the step that is measured. */
    static final int ROWS = 4 * 64;

    /** A twentieth of the step's activations: a boxed vector in any inner loop leaves far more. */
    static final long MOST_BYTES = 4L * ROWS * 64 * 16 * 2 / 20;

    @Test
    void aStepAllocatesNoTensors() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0", // as the launcher
                        "-cp",
                        System.getProperty("java.class.path"),
                        StepGarbage.class.getName(),
                        "vector")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        String[] bytes = output.lines().reduce("", (before, last) -> last).split(" ", -1);
        assertThat(Long.parseLong(bytes[0])).as("bytes of heap a step").isLessThan(MOST_BYTES);
        assertThat(Long.parseLong(bytes[1])).as("bytes of native memory").isZero();
    }
}
