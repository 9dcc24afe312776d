package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The short form of {@code chaos train}: whole processes, of which the coordinator is killed at a random step, one
 * stands still for a while, and one is cut off from the others; and the bits of the final states. Nodes that are lost
 * while a run recovers are {@code ClusterTrainingTest}'s.
 */
class TrainingChaosIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void aRunWhoseNodesAreLostEndsInTheBitsOfTheUndisturbedOne() {
        long seed = new Random().nextInt(1_000_000);
        System.out.println("chaos train --seed " + seed);
        TroupeProcess.Result result = TroupeProcess.run(
                dir,
                Duration.ofMinutes(10),
                "chaos",
                "train",
                "--kills",
                "1",
                "--nodes",
                "3",
                "--pauses",
                "1",
                "--partitions",
                "1",
                "--steps",
                "120",
                "--seed",
                Long.toString(seed),
                "--json");
        assertThat(result.stderr()).contains("seed " + seed);
        JsonNode figures = result.expectExit(0).json();
        assertThat(figures.path("kills").asInt()).isEqualTo(1);
        assertThat(figures.path("pauses").asInt()).isEqualTo(1);
        assertThat(figures.path("partitions").asInt()).isEqualTo(1);
        assertThat(figures.path("coordinatorKills").asInt()).isEqualTo(1);
        assertThat(figures.path("differingChecksums").asInt()).isZero();
        assertThat(figures.path("maxRecoverySeconds").asDouble()).isGreaterThan(0);
    }
}
