package dev.troupe.it;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What a user gets wrong is answered with exit code 2 and a message that names it, never with a stack trace. */
@Execution(ExecutionMode.CONCURRENT)
class BadInputIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @BeforeEach
    void writeFiles() throws IOException {
        byte[] garbage = new byte[100_000];
        new Random(3).nextBytes(garbage);
        Files.write(dir.resolve("garbage.bin"), garbage);
        Files.createFile(dir.resolve("empty.txt"));
        Files.writeString(dir.resolve("short.txt"), "too short");
        Files.writeString(dir.resolve("broken.conf"), "train { steps = \n } }");
    }

    @Test
    void missingText() {
        refused(List.of("nowhere.txt"), train("data.text=nowhere.txt"));
    }

    @Test
    void binaryGarbageAsText() {
        refused(List.of("garbage.bin"), train("data.text=garbage.bin"));
    }

    @Test
    void emptyText() {
        refused(List.of("empty.txt", "empty"), train("data.text=empty.txt"));
    }

    @Test
    void textThatIsTooShort() {
        refused(List.of("token"), train("data.text=short.txt"));
    }

    @Test
    void wrongConfigKeySuggestsTheRightOne() {
        refused(List.of("train.step", "train.steps"), train("train.step=10"));
        refused(List.of("serving.weights", "troupe.serving.weights"), "up", "-D", "serving.weights=q8_0");
        refused(List.of("troupe.serving.weight", "troupe.serving.weights"), "up", "-D", "troupe.serving.weight=q8_0");
    }

    @Test
    void wrongConfigValueNamesKeyAndRange() {
        refused(List.of("model.numHeads", "many"), train("model.numHeads=many"));
        refused(List.of("optimizer.beta2", "1.5"), train("optimizer.beta2=1.5"));
    }

    @Test
    void unreadableConfig() {
        refused(List.of("broken.conf"), "train", "--config", "broken.conf");
        refused(List.of("no-such-profile", "shakespeare-char"), "train", "--config", "no-such-profile");
    }

    @Test
    void noModelThere() {
        refused(List.of("nowhere"), "generate", "--model", "nowhere", "--prompt", "x");
        refused(List.of("config.json"), "eval", "--model", ".", "--text", "short.txt");
    }

    @Test
    void nothingToResumeAndNothingPromoted() {
        refused(List.of("resume"), "train", "--resume", "--out", "fresh");
        refused(List.of("promoted"), "up", "--dir", "fresh-registry", "--http-port", "0", "--grpc-port", "0");
    }

    @Test
    void unknownOption() {
        refused(List.of("--minuets"), "quickstart", "--minuets", "3");
        refused(List.of("--minutes"), "quickstart", "--minutes", "-1");
    }

    @Test
    void portInUseIsKnownBeforeTheTraining() throws IOException {
        Files.writeString(dir.resolve("text.txt"), "the actor trains and the router serves. ".repeat(2000));
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("0.0.0.0"))) {
            refused(
                    List.of(Integer.toString(taken.getLocalPort()), "--http-port"),
                    "quickstart",
                    "--text",
                    "text.txt",
                    "-D",
                    "data.vocabSize=300",
                    "-D",
                    "data.heldOutFraction=0.1",
                    "-D",
                    "troupe.node.metricsPort=-1",
                    "--grpc-port",
                    "0",
                    "--http-port",
                    Integer.toString(taken.getLocalPort()));
        }
    }

    private String[] train(String setting) {
        List<String> args = new ArrayList<>(List.of("train", "--config", "quickstart", "--out", "run", "-D", setting));
        return args.toArray(String[]::new);
    }

    private void refused(List<String> named, String... args) {
        TroupeProcess.refusedBeside(dir, named, args);
    }
}
