package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed with SIGKILL and resumed ends in the weights of the undisturbed run, to the byte. */
class KillAndResumeIT {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    private static final int STEPS = 240;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @BeforeEach
    void writeText() throws IOException {
        Random random = new Random(11);
        String[] words = {"actor", "stage", "shard", "router", "token", "trains", "serves", "moves", "the", "a", "and"};
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 30_000; i++) {
            text.append(words[random.nextInt(words.length)]).append(i % 12 == 11 ? ".\n" : " ");
        }
        Files.writeString(dir.resolve("text.txt"), text);
    }

    @Test
    void killedAndResumedRunEndsInTheSameWeights() throws IOException {
        JsonNode undisturbed = TroupeProcess.run(dir, TIMEOUT, train("undisturbed"))
                .expectExit(0)
                .json();
        assertThat(undisturbed.path("steps").asInt()).isEqualTo(STEPS);

        Path checkpoints = dir.resolve("killed/checkpoints");
        for (int kill = 1; kill <= 2; kill++) {
            try (TroupeProcess process = TroupeProcess.start(dir, kill == 1 ? train("killed") : resume("killed"))) {
                String wanted = String.format("step-%08d", 80 * kill);
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
        JsonNode whole =
                TroupeProcess.run(dir, TIMEOUT, train("run")).expectExit(0).json();
        Path last = dir.resolve(whole.path("checkpoint").asText());
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

    private Path copyDamaged(Path checkpoint, byte[] weights) throws IOException {
        Path copy = Files.createDirectory(dir.resolve("damaged"));
        try (var files = Files.list(checkpoint)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName().toString()));
            }
        }
        Files.write(copy.resolve("model.safetensors"), weights);
        return copy;
    }

    private Path weights(JsonNode result) {
        return dir.resolve(result.path("checkpoint").asText()).resolve("model.safetensors");
    }

    private String[] train(String out) {
        List<String> args = new ArrayList<>(List.of("train", "--config", "quickstart", "--out", out, "--json"));
        for (String setting : List.of(
                "data.text=text.txt",
                "data.vocabSize=300",
                "data.heldOutFraction=0.05",
                "model.dim=48",
                "model.numLayers=2",
                "model.ffnDim=96",
                "model.contextLength=32",
                "model.dropout=0.1",
                "train.batch=4",
                "train.minutes=0",
                "train.steps=" + STEPS,
                "checkpoint.everySteps=40",
                "checkpoint.keep=3")) {
            args.add("-D");
            args.add(setting);
        }
        return args.toArray(String[]::new);
    }

    private static String[] resume(String out) {
        return new String[] {"train", "--resume", "--out", out, "--json"};
    }
}
