package dev.troupe.actors.training.cluster;

import static dev.troupe.actors.training.cluster.ClusterRuns.await;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunCurve;
import dev.troupe.actors.training.run.RunSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * All nodes of a running mesh are lost, and with them all copies of its states; its checkpoints are damaged meanwhile.
 */
class DamagedCheckpointTest extends ClusterRunsCase {
    private static final int STEPS = 400; // more than are taken before nodes are gone

    @BeforeEach
    void start() {
        addNodes();
    }

    /** What may have happened to a file of a rank. */
    enum Damage {
        FLIPPED {
            @Override
            void to(Path shard) throws IOException {
                try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
                    file.seek(file.length() - 4);
                    int was = file.read();
                    file.seek(file.length() - 4);
                    file.write(was ^ 1);
                }
            }
        },
        CUT {
            @Override
            void to(Path shard) throws IOException {
                try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
                    file.setLength(file.length() / 2);
                }
            }
        },
        MISSING {
            @Override
            void to(Path shard) throws IOException {
                Files.delete(shard);
            }
        };

        abstract void to(Path shard) throws IOException;
    }

    @Test
    void theLatestThatIsWholeIsUsed() throws Exception {
        TestProbe<TrainingEvent> events = runs.events();
        ActorRef<ClusterTraining.Command> lead = runs.lead(run("whole"), events);
        await(events, TrainingEvent.Completed.class);
        runs.lose(lead);

        lead = runs.lead(run("run"), events);
        for (Damage damage : Damage.values()) {
            await(events, TrainingEvent.CheckpointWritten.class);
            long step = await(events, TrainingEvent.CheckpointWritten.class).step();
            loseAllNodes();
            List<Path> checkpoints = settledCheckpoints();
            Path latest = checkpoints.getLast();
            damage.to(ClusterRuns.shards(latest).getLast());
            checkpoints.removeLast();
            addNodes();

            TrainingEvent.Restarted restarted = await(events, TrainingEvent.Restarted.class);
            assertThat(checkpoints)
                    .as(damage.name()) // one of before may be damaged still
                    .map(Path::toString)
                    .contains(restarted.checkpoint());
            assertThat(restarted.fromStep()).isGreaterThanOrEqualTo(step);
            assertThat(restarted.cause())
                    .containsOnlyOnce("no copy left in memory")
                    .contains("checkpoint " + latest + " is passed over")
                    .contains("rank-0000");
        }

        // And with none left, from the beginning.
        await(events, TrainingEvent.CheckpointWritten.class);
        loseAllNodes();
        List<Path> all = settledCheckpoints();
        for (Path checkpoint : all) {
            Damage.FLIPPED.to(ClusterRuns.shards(checkpoint).getFirst());
        }
        addNodes();
        TrainingEvent.Restarted restarted = await(events, TrainingEvent.Restarted.class);
        assertThat(restarted.step()).isZero();
        assertThat(restarted.checkpoint()).isNull();
        assertThat(restarted.cause())
                .contains(all.stream()
                        .map(checkpoint -> "checkpoint " + checkpoint + " is passed over")
                        .toList());

        await(events, TrainingEvent.Completed.class);
        runs.lose(lead);
        List<MetricsLine.Restart> restarts = runs.lines("run", MetricsLine.Restart.class);
        assertThat(restarts)
                .hasSize(Damage.values().length + 1)
                .last()
                .isEqualTo(new MetricsLine.Restart(0, restarted.fromStep(), restarted.cause()));
        assertThat(RunCurve.read(root.resolve("run/metrics.jsonl")).restarts()).isEqualTo(restarts);
        assertThat(DecisionLog.latest(root.resolve("run")).orElseThrow().failures())
                .as("each loss counts once")
                .hasSize(2 * restarts.size());
        requireSameRun();
    }

    private RunSpec run(String name) {
        return runs.run(name, "2x1x1", 1, STEPS, "");
    }

    private void addNodes() {
        runs.addNode();
        runs.addNode();
    }

    private void loseAllNodes() {
        runs.loseNode();
        runs.loseNode();
    }

    /** Of a run without nodes; the latest may still be on its way to the disk. */
    private List<Path> settledCheckpoints() throws Exception {
        List<Path> before = List.of();
        while (true) {
            List<Path> now = runs.checkpoints("run");
            if (!now.isEmpty() && now.equals(before)) {
                return new ArrayList<>(now);
            }
            before = now;
            Thread.sleep(500);
        }
    }

    private void requireSameRun() throws IOException {
        assertThat(runs.lines("run", MetricsLine.Step.class))
                .extracting(MetricsLine::step)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(runs.losses("run")).isEqualTo(runs.losses("whole"));
        runs.requireSameShards("run", "whole", STEPS);
    }
}
