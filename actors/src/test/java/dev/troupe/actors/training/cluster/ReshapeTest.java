package dev.troupe.actors.training.cluster;

import static dev.troupe.actors.training.cluster.ClusterRuns.await;
import static dev.troupe.actors.training.cluster.ClusterRuns.awaitStep;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.mesh.NodeTraits;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.PlannedTraining;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Nodes with the memory for one rank each are lost and come, so that the mesh has to be smaller for a while. */
class ReshapeTest extends ClusterRunsCase {
    private static final int STEPS = 150;

    private RunSpec run(String name) {
        return runs.run(name, "2x1x1", 0, STEPS, "mesh.replacementWaitSeconds = 1");
    }

    private void addNode(RunSpec run) {
        MeshJob job = new MeshJob(
                run.runId(),
                0,
                run.settings(),
                run.vocabSize(),
                new RunCorpus("/train", "1a"),
                new RunCorpus("/heldOut", "2b"));
        double one = PlannedTraining.of(job.with(Mesh.SINGLE).mesh()).bytesOfRank(false);
        runs.addNode(new NodeTraits("", "", 4, (long) (1.1 * one), false));
    }

    @Test
    void aRunGoesOnWithFewerReplicasUntilNodesCome() {
        RunSpec run = run("run");
        addNode(run);
        addNode(run);
        TestProbe<TrainingEvent> events = runs.events();
        ActorRef<ClusterTraining.Command> lead = runs.lead(run, events);
        awaitStep(events, 30);
        runs.loseNode();
        TrainingEvent.Reshaped smaller = await(events, TrainingEvent.Reshaped.class);
        assertThat(smaller.mesh()).isEqualTo("1x1x1");
        assertThat(smaller.step()).as("the latest checkpoint").isPositive().isEqualTo(smaller.step() / 20 * 20);
        assertThat(smaller.cause()).contains("have not the memory for the ranks of 2x1x1");
        awaitStep(events, smaller.step() + 5);

        // Whoever takes the run over has the smaller mesh, too.
        runs.lose(lead);
        lead = runs.lead(run, events);
        await(events, TrainingEvent.Started.class);
        awaitStep(events, smaller.step() + 10);
        assertThat(runs.lines("run", MetricsLine.Reshape.class)).hasSize(1);

        addNode(run);
        TrainingEvent.Reshaped larger = await(events, TrainingEvent.Reshaped.class);
        assertThat(larger.mesh()).isEqualTo("2x1x1");
        assertThat(larger.step()).isGreaterThan(smaller.step());
        assertThat(await(events, TrainingEvent.Completed.class).summary().steps())
                .isEqualTo(STEPS);
        runs.lose(lead);

        // Every step is taken once, with the same micro-batches as without losses; sums have another order.
        List<MetricsLine.Step> steps = runs.lines("run", MetricsLine.Step.class);
        assertThat(steps)
                .extracting(MetricsLine::step)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(runs.lines("run", MetricsLine.Reshape.class))
                .extracting(MetricsLine.Reshape::mesh)
                .containsExactly("1x1x1", "2x1x1");
        runs.addNode();
        runs.addNode();
        lead = runs.lead(run("whole"), events);
        await(events, TrainingEvent.Completed.class);
        runs.lose(lead);
        List<Double> whole = runs.losses("whole");
        List<Double> losses = runs.losses("run");
        for (int i = 0; i < STEPS; i++) {
            assertThat(losses.get(i)).as("step %d", i + 1).isCloseTo(whole.get(i), within(0.05 * whole.get(i)));
        }
    }

    @Test
    void aReplacementThatComesInTimeKeepsTheMesh() {
        RunSpec run = runs.run("run", "2x1x1", 1, STEPS, "");
        addNode(run);
        addNode(run);
        TestProbe<TrainingEvent> events = runs.events();
        ActorRef<ClusterTraining.Command> lead = runs.lead(run, events);
        awaitStep(events, 10);
        runs.loseNode();
        addNode(run);
        TrainingEvent.Recovered recovered = await(events, TrainingEvent.Recovered.class);
        assertThat(recovered.nodes()).hasSize(2);
        await(events, TrainingEvent.Completed.class);
        assertThat(runs.lines("run", MetricsLine.Reshape.class)).isEmpty();
        runs.lose(lead);
    }
}
