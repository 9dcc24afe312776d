package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed with SIGKILL and resumed ends in the weights of the undisturbed run, to the byte. */
class KillAndResumeIT {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    private static final int STEPS = 120;
    private static final String UNDISTURBED = "undisturbed"; // a folder that tests only read

    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path dir;

    @SuppressWarnings("NullAway.Init")
    private static JsonNode undisturbed;

    @BeforeAll
    static void trainUndisturbed() throws IOException {
        SmallTraining.writeText(dir, 30_000);
        undisturbed = SmallTraining.undisturbed(dir, train(UNDISTURBED));
        assertThat(undisturbed.path("steps").asInt()).isEqualTo(STEPS);
    }

    @Test
    void killedAndResumedRunEndsInTheSameWeights() throws IOException {
        Path checkpoints = dir.resolve("killed/checkpoints");
        for (int kill = 1; kill <= 2; kill++) {
            try (TroupeProcess process = TroupeProcess.start(dir, kill == 1 ? train("killed") : resume("killed"))) {
                String wanted = String.format("step-%08d", 40 * kill);
                long end = System.nanoTime() + TIMEOUT.toNanos();
                while (process.isAlive() && !Files.isDirectory(checkpoints.resolve(wanted))) {
                    assertThat(System.nanoTime()).as("waiting for " + wanted).isLessThan(end);
                    TroupeProcess.pause(5);
                }
                process.kill();
            }
        }
        JsonNode resumed =
                TroupeProcess.run(dir, TIMEOUT, resume("killed")).expectExit(0).json();
        assertThat(resumed.path("steps").asInt()).isEqualTo(STEPS);
        assertThat(Files.mismatch(weights(undisturbed), weights(resumed)))
                .as("first byte in which the weights differ")
                .isEqualTo(-1);
        assertThat(resumed.path("valLoss").asDouble())
                .isEqualTo(undisturbed.path("valLoss").asDouble());
    }

    @Test
    void aDamagedCheckpointIsNamedAndTheOneBeforeIsUsed() throws IOException {
        Path run = dir.resolve("run");
        copy(dir.resolve(UNDISTURBED), run);
        Path checkpoint = dir.resolve(undisturbed.path("checkpoint").asText());
        Path last = run.resolve(dir.resolve(UNDISTURBED).relativize(checkpoint));
        byte[] before = Files.readAllBytes(last.resolve("model.safetensors"));
        byte[] damaged = before.clone();
        damaged[damaged.length / 2] ^= 1;
        Files.write(last.resolve("model.safetensors"), damaged);

        TroupeProcess.Result resumed =
                TroupeProcess.run(dir, TIMEOUT, resume("run")).expectExit(0);
        assertThat(resumed.stderr()).contains(last.getFileName().toString());
        assertThat(Files.readAllBytes(weights(resumed.json()))).isEqualTo(before);

        TroupeProcess.Result generate = TroupeProcess.run(
                dir, TIMEOUT, "generate", "--model", copyDamaged(last, damaged).toString(), "--prompt", "the");
        generate.expectExit(2);
        assertThat(generate.stderr()).contains("model.safetensors").doesNotContain("\tat ");
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) { // a folder comes before what is in it
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    private static Path copyDamaged(Path checkpoint, byte[] weights) throws IOException {
        Path copy = dir.resolve("damaged");
        copy(checkpoint, copy);
        Files.write(copy.resolve("model.safetensors"), weights);
        return copy;
    }

    private static Path weights(JsonNode result) {
        return dir.resolve(result.path("checkpoint").asText()).resolve("model.safetensors");
    }

    private static String[] train(String out) {
        return SmallTraining.train(out, List.of("data.vocabSize=300", "train.batch=4", "train.steps=" + STEPS));
    }

    private static String[] resume(String out) {
        return new String[] {"train", "--resume", "--out", out, "--json"};
    }
}
