package dev.troupe.actors.training.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TinyRun;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Coordinators that are lost and replaced while trainer nodes of this JVM go on; ranks talk through sockets. */
class ClusterTrainingTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int STEPS = 60;

    private static final ActorTestKit KIT = ActorTestKit.create(
            "cluster-training-test",
            ConfigFactory.parseString("akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));
    private static int numNodes;

    @TempDir
    private Path root;

    private final List<ActorRef<TrainerProtocol.Command>> nodes = new ArrayList<>();

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    @BeforeEach
    void startNodes() {
        addNode();
        addNode();
    }

    private void addNode() {
        nodes.add(KIT.spawn(TrainerNode.create(DataPlane.open("lead" + numNodes++, "127.0.0.1", 0))));
    }

    @AfterEach
    void stopNodes() {
        nodes.forEach(node -> KIT.stop(node, PATIENCE));
    }

    @ParameterizedTest
    @CsvSource({"2x1x1,0", "2x1x1,3", "1x1x2,0"})
    void aRunWhoseCoordinatorIsLostGoesOnWithTheStepItWasAt(String mesh, int zero) throws IOException {
        trainUndisturbed(mesh, zero);
        RunSpec run = run("lost", mesh, zero);
        TestProbe<TrainingEvent> events = KIT.createTestProbe();
        for (int lost = 1; lost <= 3; lost++) {
            ActorRef<ClusterTraining.Command> lead = KIT.spawn(ClusterTraining.create());
            lead.tell(new ClusterTraining.Submit(run, events.getRef()));
            long until = lost * 13L;
            awaitStep(events, until);
            KIT.stop(lead, PATIENCE);
            if (lost > 1) {
                assertThat(seatedAt("lost")).as("after loss " + lost).isGreaterThanOrEqualTo(until - 13);
            }
        }
        ActorRef<ClusterTraining.Command> last = KIT.spawn(ClusterTraining.create());
        last.tell(new ClusterTraining.Submit(run, events.getRef()));
        assertThat(await(events, TrainingEvent.Completed.class).summary().steps())
                .isEqualTo(STEPS);
        assertThat(seatedAt("lost")).isGreaterThanOrEqualTo(39);
        requireSameRun("lost");

        // Who asks later is told of the end, by any coordinator, and nothing begins again.
        TestProbe<TrainingEvent> late = KIT.createTestProbe();
        last.tell(new ClusterTraining.Submit(run, late.getRef()));
        await(late, TrainingEvent.Completed.class);
        KIT.stop(last, PATIENCE);
    }

    @Test
    void aCoordinatorThatDoesNotKnowOfAnotherIsRefusedAndWritesNothing() throws IOException {
        trainUndisturbed("2x1x1", 1);
        RunSpec run = run("twice", "2x1x1", 1);
        TestProbe<TrainingEvent> first = KIT.createTestProbe();
        ActorRef<ClusterTraining.Command> old = KIT.spawn(ClusterTraining.create());
        old.tell(new ClusterTraining.Submit(run, first.getRef()));
        awaitStep(first, 20);
        TestProbe<TrainingEvent> second = KIT.createTestProbe();
        ActorRef<ClusterTraining.Command> next = KIT.spawn(ClusterTraining.create());
        next.tell(new ClusterTraining.Submit(run, second.getRef()));

        await(second, TrainingEvent.Completed.class);
        requireSameRun("twice");
        assertThat(seatedAt("twice")).isGreaterThanOrEqualTo(20);
        KIT.stop(old, PATIENCE);
        KIT.stop(next, PATIENCE);
    }

    @Test
    void eachCheckpointIsEvaluatedOnceThoughCoordinatorsAreLost() {
        ActorRef<EvaluationNode.Command> evaluation = KIT.spawn(EvaluationNode.create());
        RunSpec run = run("evaluated", "2x1x1", 0, "eval.everySteps = 0, ");
        TestProbe<TrainingEvent> events = KIT.createTestProbe();
        for (long until : new long[] {21, 43}) {
            ActorRef<ClusterTraining.Command> lead = KIT.spawn(ClusterTraining.create());
            lead.tell(new ClusterTraining.Submit(run, events.getRef()));
            awaitStep(events, until);
            KIT.stop(lead, PATIENCE);
        }
        ActorRef<ClusterTraining.Command> last = KIT.spawn(ClusterTraining.create());
        last.tell(new ClusterTraining.Submit(run, events.getRef()));
        await(events, TrainingEvent.Completed.class);
        List<MetricsLine> evaluated = lines("evaluated", MetricsLine.Evaluation.class::isInstance);
        assertThat(evaluated)
                .extracting(MetricsLine::step)
                .containsExactlyInAnyOrderElementsOf(
                        lines("evaluated", MetricsLine.Checkpoint.class::isInstance).stream()
                                .map(MetricsLine::step)
                                .toList())
                .contains((long) STEPS);
        assertThat(evaluated)
                .filteredOn(line -> line.step() < STEPS) // who takes over at the end may not know of the node yet
                .allSatisfy(line ->
                        assertThat(((MetricsLine.Evaluation) line).node()).isNotNull());
        KIT.stop(last, PATIENCE);
        KIT.stop(evaluation, PATIENCE);
    }

    @Test
    void aClusterTrainsOneRunAndStopsItWhenTold() {
        ActorRef<ClusterTraining.Command> lead = KIT.spawn(ClusterTraining.create());
        RunSpec run = run("one", "2x1x1", 0);
        TestProbe<TrainingEvent> events = KIT.createTestProbe();
        lead.tell(new ClusterTraining.Submit(run, events.getRef()));
        awaitStep(events, 2);
        TestProbe<TrainingEvent> other = KIT.createTestProbe();
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
        KIT.stop(lead, PATIENCE);
    }

    // ---- runs

    private void trainUndisturbed(String mesh, int zero) {
        ActorRef<ClusterTraining.Command> lead = KIT.spawn(ClusterTraining.create());
        TestProbe<TrainingEvent> events = KIT.createTestProbe();
        lead.tell(new ClusterTraining.Submit(run("whole", mesh, zero), events.getRef()));
        await(events, TrainingEvent.Completed.class);
        KIT.stop(lead, PATIENCE);
    }

    private RunSpec run(String name, String mesh, int zero) {
        return run(name, mesh, zero, "");
    }

    private RunSpec run(String name, String mesh, int zero, String settings) {
        String[] axes = mesh.split("x", 3);
        TrainingSetup setup = TinyRun.setup(
                root,
                name,
                false,
                settings + "compute.backend = vector, eval.windows = 5, checkpoint.everySteps = 20, "
                        + "train { batch = 2, accumulation = 2, threads = 1, steps = " + STEPS + " }, mesh { data = "
                        + axes[0] + ", tensor = " + axes[1] + ", pipeline = " + axes[2] + ", zero = " + zero
                        + ", nodes = 2 }");
        Path tokenizer = root.resolve("tokenizer.json");
        TokenizerJson.write(setup.tokenizer(), tokenizer);
        return RunSpec.of(setup, tokenizer, name);
    }

    private static void awaitStep(TestProbe<TrainingEvent> events, long step) {
        while (!(next(events) instanceof TrainingEvent.Progress progress && progress.step() >= step)) {
            // the events before it
        }
    }

    private static <T extends TrainingEvent> T await(TestProbe<TrainingEvent> events, Class<T> type) {
        while (true) {
            TrainingEvent event = events.receiveMessage(PATIENCE);
            if (type.isInstance(event)) {
                return type.cast(event);
            }
            assertThat(event).isNotInstanceOfAny(TrainingEvent.Failed.class, TrainingEvent.Completed.class);
        }
    }

    private static TrainingEvent next(TestProbe<TrainingEvent> events) {
        TrainingEvent event = events.receiveMessage(PATIENCE);
        assertThat(event).isNotInstanceOfAny(TrainingEvent.Failed.class, TrainingEvent.Completed.class);
        return event;
    }

    private long seatedAt(String run) {
        DecisionLog.History history = DecisionLog.latest(root.resolve(run)).orElseThrow();
        var seated = history.seated();
        return seated == null ? -1 : seated.step();
    }

    /** The undisturbed run's steps, evaluations, checkpoints and weights, each once. */
    private void requireSameRun(String run) throws IOException {
        assertThat(lines(run, MetricsLine.Step.class::isInstance))
                .extracting(MetricsLine::step)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(losses(run)).isEqualTo(losses("whole"));
        assertThat(evaluations(run)).isEqualTo(evaluations("whole"));
        assertThat(lines(run, MetricsLine.Checkpoint.class::isInstance))
                .last()
                .satisfies(last -> assertThat(last.step()).isEqualTo(STEPS));
        List<Path> shards = shards("whole");
        assertThat(shards).isNotEmpty();
        for (Path shard : shards) {
            Path other = root.resolve(run).resolve(root.resolve("whole").relativize(shard));
            assertThat(Files.mismatch(shard, other)).as(shard.toString()).isEqualTo(-1);
        }
    }

    private List<MetricsLine> lines(String run, Predicate<MetricsLine> wanted) {
        return MetricsFile.read(root.resolve(run).resolve("metrics.jsonl")).stream()
                .filter(wanted)
                .toList();
    }

    private List<Double> losses(String run) {
        return lines(run, MetricsLine.Step.class::isInstance).stream()
                .map(line -> ((MetricsLine.Step) line).loss())
                .toList();
    }

    private List<List<Number>> evaluations(String run) {
        return lines(run, MetricsLine.Evaluation.class::isInstance).stream()
                .map(line -> List.<Number>of(line.step(), ((MetricsLine.Evaluation) line).valLoss()))
                .toList();
    }

    private List<Path> shards(String run) throws IOException {
        Path last = root.resolve(run).resolve("checkpoints").resolve(String.format("step-%08d", STEPS));
        try (Stream<Path> files = Files.list(last)) {
            return files.filter(file -> file.getFileName().toString().startsWith("rank-"))
                    .sorted()
                    .toList();
        }
    }
}
