package dev.troupe.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchedRunTest {
    @TempDir
    Path run;

    private static String step(long step) {
        return "{\"kind\":\"step\",\"step\":" + step + ",\"loss\":2.5,\"learningRate\":0.001,\"gradientNorm\":1.0,"
                + "\"tokens\":1,\"seconds\":0.1,\"dataSeconds\":0.0,\"forwardBackwardSeconds\":0.1,"
                + "\"gradientNormSeconds\":0.0,\"optimizerSeconds\":0.0,\"communicationSeconds\":0.0,"
                + "\"bubbleSeconds\":0.0,\"copySeconds\":0.0}\n";
    }

    private void write(String text) throws IOException {
        Files.writeString(run.resolve("metrics.jsonl"), text);
    }

    @Test
    void theLastStepIsTheLastWholeLineOfAStep() throws IOException {
        WatchedRun watched = new WatchedRun(run);
        assertThat(watched.step()).isZero();
        String steps =
                LongStream.rangeClosed(1, 60).mapToObj(WatchedRunTest::step).collect(Collectors.joining());
        write(steps + "{\"kind\":\"evaluation\",\"step\":60,\"valLoss\":2.5,\"tokens\":1,\"busySeconds\":0.1}\n"
                + step(61).substring(0, 70));
        assertThat(watched.step()).isEqualTo(60);
    }

    @Test
    void decisionsOfAllButTheLatestCoordinatorAreWatched() throws IOException {
        WatchedRun watched = new WatchedRun(run);
        Path decisions = Files.createDirectory(run.resolve("decisions"));
        assertThat(watched.formerTerms()).isEmpty();
        for (int term = 1; term <= 3; term++) {
            Files.writeString(decisions.resolve("term-0000000" + term + ".jsonl"), "x".repeat(term));
        }
        assertThat(watched.formerTerms()).isEqualTo(Map.of("term-00000001.jsonl", 1L, "term-00000002.jsonl", 2L));
    }

    @Test
    void aStepThatIsThereTwiceOrNotIsNoticed() throws IOException {
        WatchedRun watched = new WatchedRun(run);
        write(step(1) + step(2) + step(3));
        assertThat(watched.hasEachStepOnce(3)).isTrue();
        assertThat(watched.hasEachStepOnce(4)).isFalse();
        write(step(1) + step(2) + step(2) + step(3));
        assertThat(watched.hasEachStepOnce(3)).isFalse();
        write(step(1) + step(3));
        assertThat(watched.hasEachStepOnce(3)).isFalse();
    }
}
