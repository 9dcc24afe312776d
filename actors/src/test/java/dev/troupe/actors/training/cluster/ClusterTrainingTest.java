package dev.troupe.actors.training.cluster;

import static dev.troupe.actors.training.cluster.ClusterRuns.PATIENCE;
import static dev.troupe.actors.training.cluster.ClusterRuns.await;
import static dev.troupe.actors.training.cluster.ClusterRuns.awaitStep;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.mesh.KnownRun;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Coordinators that are lost and replaced while trainer nodes of this JVM go on; ranks talk through sockets. */
class ClusterTrainingTest extends ClusterRunsCase {
    private static final int STEPS = 60;

    @BeforeEach
    void startNodes() {
        runs.addNode();
        runs.addNode();
    }

    @ParameterizedTest
    @CsvSource({"2x1x1,0", "2x1x1,3", "1x1x2,0"})
    void aRunWhoseCoordinatorIsLostGoesOnWithTheStepItWasAt(String mesh, int zero) throws IOException {
        trainUndisturbed(mesh, zero);
        RunSpec run = run("lost", mesh, zero);
        TestProbe<TrainingEvent> events = runs.events();
        for (int lost = 1; lost <= 3; lost++) {
            ActorRef<ClusterTraining.Command> lead = runs.kit().spawn(ClusterTraining.create());
            lead.tell(new ClusterTraining.Submit(run, events.getRef()));
            long until = lost * 13L;
            awaitStep(events, until);
            runs.kit().stop(lead, PATIENCE);
            if (lost > 1) {
                assertThat(seatedAt("lost")).as("after loss " + lost).isGreaterThanOrEqualTo(until - 13);
            }
        }
        ActorRef<ClusterTraining.Command> last = runs.kit().spawn(ClusterTraining.create());
        last.tell(new ClusterTraining.Submit(run, events.getRef()));
        assertThat(await(events, TrainingEvent.Completed.class).summary().steps())
                .isEqualTo(STEPS);
        assertThat(seatedAt("lost")).isGreaterThanOrEqualTo(39);
        requireSameRun("lost");

        // Who asks later is told of the end, by any coordinator, and nothing begins again.
        TestProbe<TrainingEvent> late = runs.events();
        last.tell(new ClusterTraining.Submit(run, late.getRef()));
        await(late, TrainingEvent.Completed.class);
        runs.kit().stop(last, PATIENCE);
    }

    /** The one that leads is lost with a node, and another node while its successor goes on from that. */
    @Test
    void nodesAreLostWhileTheNextCoordinatorRecovers() throws IOException {
        trainUndisturbed("2x1x1", 1);
        runs.addNode();
        runs.addNode();
        RunSpec run = run("lost", "2x1x1", 1);
        TestProbe<TrainingEvent> events = runs.events();
        ActorRef<ClusterTraining.Command> lead = runs.lead(run, events);
        awaitStep(events, 25);
        runs.lose(lead);
        runs.loseNode();
        lead = runs.lead(run, events);
        await(events, TrainingEvent.Started.class); // its nodes are asked what they have
        runs.loseNode();
        assertThat(await(events, TrainingEvent.Completed.class).summary().steps())
                .isEqualTo(STEPS);
        runs.lose(lead);
        requireSameRun("lost");
    }

    /** All nodes begin again, with nothing in memory but which run there is, and do not come at the same moment. */
    @Test
    void aClusterThatIsLostAsAWholeGoesOnWithAllWhoComeSoon() throws Exception {
        trainUndisturbed("2x1x1", 1);
        KnownRun known = new KnownRun();
        runs.addNode(known);
        RunSpec run = run("lost", "2x1x1", 1);
        TestProbe<TrainingEvent> events = runs.events();
        ActorRef<ClusterTraining.Command> lead = runs.lead(run, events);
        await(events, TrainingEvent.CheckpointWritten.class);
        runs.lose(lead);
        for (int node = 0; node < 3; node++) {
            runs.loseNode();
        }
        Path latest = runs.checkpoints("lost").getLast();

        runs.addNode(known);
        lead = runs.lead(run, runs.events());
        Thread.sleep(1500);
        runs.addNode();
        TestProbe<TrainingEvent> later = runs.events();
        lead.tell(new ClusterTraining.Submit(run, later.getRef()));
        TrainingEvent.Recovered recovered = await(later, TrainingEvent.Recovered.class);
        assertThat(latest).hasFileName(String.format("step-%08d", recovered.step()));
        assertThat(recovered.nodes()).hasSize(2);
        await(later, TrainingEvent.Completed.class);
        runs.lose(lead);
        requireSameRun("lost");
    }

    @Test
    void aCoordinatorThatDoesNotKnowOfAnotherIsRefusedAndWritesNothing() throws IOException {
        trainUndisturbed("2x1x1", 1);
        RunSpec run = run("twice", "2x1x1", 1);
        TestProbe<TrainingEvent> first = runs.events();
        ActorRef<ClusterTraining.Command> old = runs.kit().spawn(ClusterTraining.create());
        old.tell(new ClusterTraining.Submit(run, first.getRef()));
        awaitStep(first, 20);
        TestProbe<TrainingEvent> second = runs.events();
        ActorRef<ClusterTraining.Command> next = runs.kit().spawn(ClusterTraining.create());
        next.tell(new ClusterTraining.Submit(run, second.getRef()));

        await(second, TrainingEvent.Completed.class);
        requireSameRun("twice");
        assertThat(seatedAt("twice")).isGreaterThanOrEqualTo(20);
        runs.kit().stop(old, PATIENCE);
        runs.kit().stop(next, PATIENCE);
    }

    @Test
    void eachCheckpointIsEvaluatedOnceThoughCoordinatorsAreLost() {
        ActorRef<EvaluationNode.Command> evaluation = runs.kit().spawn(EvaluationNode.create());
        RunSpec run = run("evaluated", "2x1x1", 0, "eval.everySteps = 0");
        TestProbe<TrainingEvent> events = runs.events();
        for (long until : new long[] {21, 43}) {
            ActorRef<ClusterTraining.Command> lead = runs.kit().spawn(ClusterTraining.create());
            lead.tell(new ClusterTraining.Submit(run, events.getRef()));
            awaitStep(events, until);
            runs.kit().stop(lead, PATIENCE);
        }
        ActorRef<ClusterTraining.Command> last = runs.kit().spawn(ClusterTraining.create());
        last.tell(new ClusterTraining.Submit(run, events.getRef()));
        await(events, TrainingEvent.Completed.class);
        List<MetricsLine.Evaluation> evaluated = runs.lines("evaluated", MetricsLine.Evaluation.class);
        assertThat(evaluated)
                .extracting(MetricsLine::step)
                .containsExactlyInAnyOrderElementsOf(runs.lines("evaluated", MetricsLine.Checkpoint.class).stream()
                        .map(MetricsLine::step)
                        .toList())
                .contains((long) STEPS);
        assertThat(evaluated)
                .filteredOn(line -> line.step() < STEPS) // who takes over at the end may not know of the node yet
                .allSatisfy(line -> assertThat(line.node()).isNotNull());
        runs.kit().stop(last, PATIENCE);
        runs.kit().stop(evaluation, PATIENCE);
    }

    /**
     * Weights grow by a factor with every step until they are no numbers; the run goes back to its beginning, and on
     * with a rate that is low enough.
     */
    private static final String EXPLODING = "optimizer { learningRate = 10, minLearningRateFraction = 1,"
            + " warmupSteps = 1, weightDecay = 100 }, checkpoint.everySteps = 0,"
            + " rollback { limit = 3, learningRateFactor = 1e-5, spike.steps = 0 }";

    @ParameterizedTest
    @CsvSource({"2x1x1,1", "1x1x2,0"})
    void aRunThatGoesBackDoesSoOnceThoughCoordinatorsAreLost(String mesh, int zero) throws Exception {
        TestProbe<TrainingEvent> events = runs.events();
        ActorRef<ClusterTraining.Command> lead = runs.lead(run("whole", mesh, zero, EXPLODING), events);
        long fromStep = await(events, TrainingEvent.RolledBack.class).fromStep();
        assertThat(fromStep).isGreaterThan(2);
        await(events, TrainingEvent.Completed.class);
        runs.lose(lead);

        RunSpec run = run("lost", mesh, zero, EXPLODING);
        lead = runs.lead(run, events);
        awaitStep(events, fromStep / 2); // long before
        runs.lose(lead);
        lead = runs.lead(run, events);
        awaitStep(events, fromStep); // while the step is under way, or the run is going back
        runs.lose(lead);
        lead = runs.lead(run, events);
        while (runs.lines("lost", MetricsLine.Rollback.class).isEmpty()) {
            Thread.sleep(2);
        }
        runs.lose(lead); // as soon as it is decided
        lead = runs.lead(run, events);
        awaitStep(events, fromStep + 5);
        runs.lose(lead); // long after
        lead = runs.lead(run, events);
        assertThat(await(events, TrainingEvent.Completed.class).summary().steps())
                .isEqualTo(STEPS);
        runs.lose(lead);
        assertThat(runs.lines("lost", MetricsLine.Rollback.class))
                .isEqualTo(runs.lines("whole", MetricsLine.Rollback.class))
                .hasSize(1);
        requireSameRun("lost");
    }

    @Test
    void aClusterTrainsOneRunAndStopsItWhenTold() {
        ActorRef<ClusterTraining.Command> lead = runs.kit().spawn(ClusterTraining.create());
        RunSpec run = run("one", "2x1x1", 0);
        TestProbe<TrainingEvent> events = runs.events();
        lead.tell(new ClusterTraining.Submit(run, events.getRef()));
        awaitStep(events, 2);
        TestProbe<TrainingEvent> other = runs.events();
        lead.tell(new ClusterTraining.Submit(run("other", "2x1x1", 0), other.getRef()));
        assertThat(await(other, TrainingEvent.Failed.class).message()).contains("trains " + run.directory());
        lead.tell(new ClusterTraining.Stop(run.directory()));
        long stopped = await(events, TrainingEvent.Completed.class).summary().steps();
        assertThat(stopped).isLessThan(STEPS);

        // The next one may begin: from the start, or where this one was stopped.
        RunSpec resumed = new RunSpec(
                run.runId(),
                "resumed",
                run.directory(),
                run.settings(),
                run.vocabSize(),
                run.tokenizer(),
                run.trainTokens(),
                run.heldOutTokens(),
                true);
        lead.tell(new ClusterTraining.Submit(resumed, events.getRef()));
        assertThat(await(events, TrainingEvent.Started.class).fromStep()).isEqualTo(stopped);
        await(events, TrainingEvent.Completed.class);
        runs.kit().stop(lead, PATIENCE);
    }

    // ---- runs

    private void trainUndisturbed(String mesh, int zero) {
        ActorRef<ClusterTraining.Command> lead = runs.kit().spawn(ClusterTraining.create());
        TestProbe<TrainingEvent> events = runs.events();
        lead.tell(new ClusterTraining.Submit(run("whole", mesh, zero), events.getRef()));
        await(events, TrainingEvent.Completed.class);
        runs.kit().stop(lead, PATIENCE);
    }

    private RunSpec run(String name, String mesh, int zero) {
        return run(name, mesh, zero, "");
    }

    private RunSpec run(String name, String mesh, int zero, String settings) {
        return runs.run(name, mesh, zero, STEPS, settings);
    }

    private long seatedAt(String run) {
        DecisionLog.History history = DecisionLog.latest(root.resolve(run)).orElseThrow();
        var seated = history.seated();
        return seated == null ? -1 : seated.step();
    }

    /** The undisturbed run's steps, evaluations, checkpoints and weights, each once. */
    private void requireSameRun(String run) throws IOException {
        assertThat(runs.lines(run, MetricsLine.Step.class))
                .extracting(MetricsLine::step)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(runs.losses(run)).isEqualTo(runs.losses("whole"));
        assertThat(evaluations(run)).isEqualTo(evaluations("whole"));
        assertThat(runs.lines(run, MetricsLine.Checkpoint.class))
                .last()
                .satisfies(last -> assertThat(last.step()).isEqualTo(STEPS));
        runs.requireSameShards(run, "whole", STEPS);
    }

    private List<List<Number>> evaluations(String run) {
        return runs.lines(run, MetricsLine.Evaluation.class).stream()
                .map(line -> List.<Number>of(line.step(), line.valLoss()))
                .toList();
    }
}
