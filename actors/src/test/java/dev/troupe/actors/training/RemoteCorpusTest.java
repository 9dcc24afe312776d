package dev.troupe.actors.training;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.data.DataNode;
import dev.troupe.actors.training.data.Elsewhere;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.run.MetricsLine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs whose tokens are in no folder that they see: data nodes of this JVM have them. */
class RemoteCorpusTest extends TestRunsCase {
    private static final String NOWHERE = "/nowhere/data";
    private static final String SETTINGS =
            "compute.backend = vector, eval.windows = 5, train { batch = 2, accumulation = 4, threads = 1 }, ";

    private ActorRef<DataNode.Command> addDataNode() {
        return runs.kit().spawn(Elsewhere.of(NOWHERE, root.resolve("data").toString()));
    }

    private TestRuns.Running startFarAway(String run, String settings) {
        TrainingSetup near = TinyRun.setup(root, run, false, settings + "data { from = nodes }");
        return runs.start(new TrainingSetup(
                near.runId(),
                near.runDir(),
                near.config(),
                near.model(),
                near.tokenizer(),
                Path.of(NOWHERE, "train"),
                Path.of(NOWHERE, "heldout"),
                false));
    }

    private long tokensOf(ActorRef<DataNode.Command> node) {
        TestProbe<DataNode.Reported> reports = runs.kit().createTestProbe();
        node.tell(new DataNode.Report(reports.getRef()));
        return reports.receiveMessage().tokens();
    }

    @ParameterizedTest
    @CsvSource({"1x1x1", "2x1x1", "1x2x1", "2x1x2"})
    void aRunHasTheBitsOfOneThatHasTheFiles(String mesh) throws IOException {
        String[] axes = mesh.split("x", 3);
        String settings = SETTINGS + "mesh { data = " + axes[0] + ", tensor = " + axes[1] + ", pipeline = " + axes[2]
                + " }, train.ramp { accumulation = 2, tokens = 1000 }, ";
        runs.addNode();
        runs.train("near", settings);
        ActorRef<DataNode.Command> node = addDataNode();
        TrainingSummary far = TestRuns.completed(runs.end(startFarAway("far", settings)));

        assertThat(runs.losses("far")).isEqualTo(runs.losses("near"));
        assertSameValidation();
        runs.assertSameEnd("far", "near");
        assertThat(tokensOf(node)).as("all of its text came from there").isGreaterThan(far.tokens());
    }

    /** Of the steps that both were evaluated at: in one process none is while the one before is still under way. */
    private void assertSameValidation() {
        Map<Long, Double> far = validation("far");
        Map<Long, Double> near = validation("near");
        long last = runs.losses("near").size();
        assertThat(far).containsKey(last);
        assertThat(near).containsKey(last);
        far.keySet().retainAll(near.keySet());
        assertThat(near).containsAllEntriesOf(far);
    }

    private Map<Long, Double> validation(String run) {
        Map<Long, Double> losses = new TreeMap<>();
        runs.lines(run, MetricsLine.Evaluation.class).forEach(line -> losses.put(line.step(), line.valLoss()));
        return losses;
    }

    @Test
    void trainingGoesOnWhenADataNodeIsLostAndWaitsWhenAllAre() throws IOException {
        String settings = SETTINGS + "mesh.data = 2, train.steps = 60, ";
        runs.addNode();
        runs.train("near", settings);
        ActorRef<DataNode.Command> first = addDataNode();
        ActorRef<DataNode.Command> second = addDataNode();
        TestRuns.Running running = startFarAway("far", settings);
        untilStep(running, 10);
        runs.kit().stop(first, Duration.ofSeconds(10));
        untilStep(running, 20);
        runs.kit().stop(second, Duration.ofSeconds(10));
        runs.kit().createTestProbe().expectNoMessage(Duration.ofMillis(500));
        addDataNode();
        TestRuns.completed(runs.end(running));

        assertThat(runs.lines("far", MetricsLine.Recovery.class))
                .as("nobody took a trainer for lost")
                .isEmpty();
        assertThat(runs.losses("far")).isEqualTo(runs.losses("near"));
        runs.assertSameEnd("far", "near");
    }

    private void untilStep(TestRuns.Running running, long step) {
        runs.until(running, event -> event instanceof TrainingEvent.Progress progress && progress.step() >= step);
    }

    @Test
    void evaluationNodesNeedNoFilesEither() {
        runs.addNode();
        addDataNode();
        runs.kit().spawn(EvaluationNode.create());
        TestRuns.completed(runs.end(startFarAway("far", SETTINGS + "mesh.data = 2, ")));
        List<MetricsLine.Evaluation> evaluations = runs.lines("far", MetricsLine.Evaluation.class);
        assertThat(evaluations).isNotEmpty();
        assertThat(evaluations).allSatisfy(line -> assertThat(line.node()).isNotNull());
    }

    @Test
    void aRunThatFindsNoTokensSaysSo() {
        String message =
                TestRuns.failure(runs.end(startFarAway("far", SETTINGS + "mesh.data = 2, data.nodeWaitSeconds = 1, ")));
        assertThat(message).contains(NOWHERE, "the cluster has no data node", "data.nodeWaitSeconds");
    }
}
