package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * nanoGPT's character-level Shakespeare on a CPU, whose README gives 1.88 as validation loss. It computes while other
 * tests wait, as no test measures time.
 */
@Execution(ExecutionMode.CONCURRENT)
class ShakespeareIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void reachesNanoGptsValidationLoss() {
        Optional<Path> text = Tools.shared("text/tinyshakespeare.txt");
        assumeTrue(text.isPresent(), "shakespeare-char: ../shared/data/text/tinyshakespeare.txt is missing");
        JsonNode result = TroupeProcess.runBeside(
                        dir,
                        Duration.ofMinutes(20),
                        "train",
                        "--config",
                        "shakespeare-char",
                        "-D",
                        "data.text=" + text.get(),
                        "--json")
                .expectExit(0)
                .json();
        assertThat(result.path("steps").asInt()).isEqualTo(2000);
        assertThat(result.path("valLoss").asDouble()).isGreaterThan(1.0).isLessThanOrEqualTo(1.90);
    }
}
