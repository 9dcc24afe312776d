package dev.troupe.actors.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunUtilization;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.tensor.NativeMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs on trainer nodes of this JVM, whose ranks talk through sockets. */
class MeshTrainingTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final double ROUNDING = 1e-5;
    private static final String SHAPE =
            "compute.backend = vector, train { batch = 2, accumulation = 2, threads = 1 }, eval.windows = 5, ";

    private static final ActorTestKit KIT = ActorTestKit.create(
            "mesh-training-test",
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

    @AfterEach
    void stopNodes() {
        nodes.forEach(node -> KIT.stop(node, PATIENCE));
    }

    private ActorRef<TrainerProtocol.Command> addNode() {
        ActorRef<TrainerProtocol.Command> node =
                KIT.spawn(TrainerNode.create(DataPlane.open("node" + numNodes++, "127.0.0.1", 0)));
        nodes.add(node);
        return node;
    }

    private static String mesh(String mesh, int zero) {
        String[] axes = mesh.split("x", 3);
        return SHAPE + "mesh { data = " + axes[0] + ", tensor = " + axes[1] + ", pipeline = " + axes[2] + ", zero = "
                + zero + " }, ";
    }

    @ParameterizedTest
    @CsvSource({"2x1x1,0", "2x1x1,3", "1x2x1,0", "1x1x2,0"})
    void aRunOnAMeshIsThatOfOneProcess(String mesh, int zero) throws IOException {
        List<TrainingEvent> one = end(start("one", false, SHAPE));
        addNode();
        List<TrainingEvent> many = end(start("many", false, mesh(mesh, zero)));

        assertThat(completed(many).steps()).isEqualTo(30);
        assertClose(losses("many"), losses("one"));
        Map<Long, Double> evaluations = evaluations("many");
        assertThat(evaluations.keySet()).containsExactly(10L, 20L, 30L);
        evaluations("one")
                .forEach((step, loss) -> assertClose(List.of(evaluations.getOrDefault(step, 0.0)), List.of(loss)));
        assertClose(List.of(valLoss(many)), List.of(valLoss(one)));
        assertThat(Path.of(completed(many).checkpoint())).hasFileName("step-00000030");
        assertThat(shards("many")).isNotEmpty();
        assertThat(many)
                .filteredOn(TrainingEvent.CheckpointWritten.class::isInstance)
                .hasSizeGreaterThan(1);
        assertThat(Files.readString(root.resolve("many/summary.json"))).contains("\"valLoss\"");
        assertThat(many).filteredOn(TrainingEvent.Seated.class::isInstance).hasSize(1);
        RunUtilization utilization = completed(many).utilization();
        assertThat(utilization.modelFlopsUtilization()).isBetween(0.0, 1.0);
        assertThat(utilization.communicationShare()).isBetween(0.0, 1.0).isGreaterThan(utilization.bubbleShare());
        assertThat(utilization.recoveries()).isZero();
        assertThat(utilization.nodes()).singleElement().satisfies(node -> {
            assertThat(node.ranks()).containsExactly(0, 1);
            assertThat(node.memory().optimizer()).isPositive();
            assertThat(node.memory().activations()).isPositive();
        });
    }

    @ParameterizedTest
    @CsvSource({"2x1x1,1,2", "1x2x1,0,1", "1x1x2,0,1", "2x1x2,3,3"})
    void stopAndResumeEndsInTheSameWeights(String mesh, int zero, int numNodes) throws IOException {
        addNode();
        String settings = mesh(mesh, zero) + "train.steps = 80";
        end(start("whole", false, settings));
        long stopped = stopAfter(12, start("parts", false, settings));
        for (int node = 2; node <= numNodes; node++) {
            addNode();
        }
        List<TrainingEvent> resumed = end(start("parts", true, settings + ", mesh.nodes = " + numNodes));

        assertThat(resumed.getFirst())
                .isInstanceOfSatisfying(
                        TrainingEvent.Started.class,
                        it -> assertThat(it.fromStep()).isEqualTo(stopped));
        assertThat(completed(resumed).utilization().nodes()).hasSize(numNodes);
        assertThat(losses("parts")).isEqualTo(losses("whole"));
        List<Path> shards = shards("whole");
        assertThat(shards).isNotEmpty();
        for (Path shard : shards) {
            Path other = root.resolve("parts").resolve(root.resolve("whole").relativize(shard));
            assertThat(Files.mismatch(shard, other)).as(shard.toString()).isEqualTo(-1);
        }
    }

    @Test
    void aRunGoesOnAsAnotherMeshAndInOneProcess() {
        addNode();
        String steps = "train.steps = 80";
        end(start("whole", false, SHAPE + steps));
        stopAfter(10, start("moved", false, mesh("2x1x1", 3) + steps));
        stopAfter(25, start("moved", true, mesh("1x2x1", 0) + steps));
        stopAfter(40, start("moved", true, SHAPE + steps));
        completed(end(start("moved", true, mesh("1x1x2", 0) + steps)));

        assertClose(losses("moved"), losses("whole"));
    }

    @Test
    void aRunWhoseStatesAreLostGoesBackToItsCheckpoint() {
        ActorRef<TrainerProtocol.Command> node = addNode();
        String settings = mesh("2x1x1", 1) + "train.steps = 700"; // more than are taken before the node is gone
        end(start("whole", false, settings));
        TestProbe<TrainingEvent> probe = start("lost", false, settings);
        while (!(probe.receiveMessage(PATIENCE) instanceof TrainingEvent.CheckpointWritten)) {
            // the events before it
        }
        KIT.stop(node, PATIENCE);
        nodes.remove(node);
        addNode();

        List<TrainingEvent> events = end(probe);
        assertThat(completed(events).utilization().recoveries()).isEqualTo(1);
        assertThat(events)
                .filteredOn(TrainingEvent.Recovered.class::isInstance)
                .singleElement(InstanceOfAssertFactories.type(TrainingEvent.Recovered.class))
                .satisfies(recovered -> {
                    assertThat(recovered.lost()).hasSize(1);
                    assertThat(recovered.seconds()).isPositive();
                });
        assertThat(MetricsFile.read(root.resolve("lost/metrics.jsonl")))
                .hasAtLeastOneElementOfType(MetricsLine.Seating.class)
                .hasAtLeastOneElementOfType(MetricsLine.Recovery.class);
        assertThat(losses("lost")).isEqualTo(losses("whole"));
    }

    @Test
    void nothingIsLeftBehind() throws InterruptedException {
        addNode();
        completed(end(start("run", false, mesh("1x1x2", 0))));
        stopNodes();
        nodes.clear();
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (NativeMemory.snapshot().values().stream().anyMatch(bytes -> bytes != 0)) {
            assertThat(System.nanoTime())
                    .as("native memory %s", NativeMemory.snapshot())
                    .isLessThan(end);
            Thread.sleep(20);
        }
    }

    @Test
    void whatCannotBeSplitIsNamedAtOnce() {
        assertThat(end(start("run", false, mesh("1x1x9", 0))).getLast())
                .isInstanceOfSatisfying(
                        TrainingEvent.Failed.class,
                        it -> assertThat(it.message()).contains("mesh.pipeline = 9"));
    }

    // ---- runs

    private TestProbe<TrainingEvent> start(String run, boolean resume, String settings) {
        TestProbe<TrainingEvent> probe = KIT.createTestProbe();
        coordinator = KIT.spawn(TrainingCoordinator.create(TinyRun.setup(root, run, resume, settings), probe.getRef()));
        return probe;
    }

    private ActorRef<TrainingCoordinator.Command> coordinator = KIT.system().ignoreRef();

    private List<TrainingEvent> end(TestProbe<TrainingEvent> probe) {
        List<TrainingEvent> events = new ArrayList<>();
        do {
            events.add(probe.receiveMessage(PATIENCE));
        } while (!(events.getLast() instanceof TrainingEvent.Completed
                || events.getLast() instanceof TrainingEvent.Failed));
        probe.expectTerminated(coordinator, PATIENCE);
        return events;
    }

    private long stopAfter(long step, TestProbe<TrainingEvent> probe) {
        while (!(probe.receiveMessage(PATIENCE) instanceof TrainingEvent.Progress progress
                && progress.step() >= step)) {
            // the events before it
        }
        coordinator.tell(new TrainingCoordinator.Stop());
        TrainingSummary stopped = completed(end(probe));
        assertThat(stopped.steps()).isBetween(step, 79L);
        return stopped.steps();
    }

    private static TrainingSummary completed(List<TrainingEvent> events) {
        assertThat(events.getLast()).isInstanceOf(TrainingEvent.Completed.class);
        return ((TrainingEvent.Completed) events.getLast()).summary();
    }

    private static double valLoss(List<TrainingEvent> events) {
        Double loss = completed(events).valLoss();
        assertThat(loss).isNotNull();
        return loss == null ? Double.NaN : loss;
    }

    private List<Double> losses(String run) {
        return MetricsFile.read(root.resolve(run).resolve("metrics.jsonl")).stream()
                .filter(MetricsLine.Step.class::isInstance)
                .map(line -> ((MetricsLine.Step) line).loss())
                .toList();
    }

    /** By step. One process leaves out those that the one before leaves no time for. */
    private Map<Long, Double> evaluations(String run) {
        Map<Long, Double> losses = new TreeMap<>();
        for (MetricsLine line : MetricsFile.read(root.resolve(run).resolve("metrics.jsonl"))) {
            if (line instanceof MetricsLine.Evaluation evaluation) {
                losses.put(evaluation.step(), evaluation.valLoss());
            }
        }
        return losses;
    }

    /** Files of ranks in the last checkpoint. */
    private List<Path> shards(String run) throws IOException {
        List<Path> checkpoints;
        try (Stream<Path> entries = Files.list(root.resolve(run).resolve("checkpoints"))) {
            checkpoints = entries.sorted().toList();
        }
        try (Stream<Path> files = Files.list(checkpoints.getLast())) {
            return files.filter(file -> file.getFileName().toString().startsWith("rank-"))
                    .toList();
        }
    }

    private static void assertClose(List<Double> actual, List<Double> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).isCloseTo(expected.get(i), within(ROUNDING * expected.get(i)));
        }
    }
}
