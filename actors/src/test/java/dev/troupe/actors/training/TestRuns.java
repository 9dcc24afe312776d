package dev.troupe.actors.training;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.transport.DataPlane;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Whole tiny runs in one folder, in this process or on trainer nodes of it. */
final class TestRuns implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ActorTestKit kit;
    private final Path root;
    private final List<ActorRef<TrainerProtocol.Command>> nodes = new ArrayList<>();

    /** A run under way. */
    record Running(ActorRef<TrainingCoordinator.Command> coordinator, TestProbe<TrainingEvent> events) {}

    private TestRuns(ActorTestKit kit, Path root) {
        this.kit = kit;
        this.root = root;
    }

    static TestRuns in(Path root) {
        return new TestRuns(
                ActorTestKit.create(
                        "runs",
                        ConfigFactory.parseString(
                                        "akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off")
                                .withFallback(ConfigFactory.load())),
                root);
    }

    ActorTestKit kit() {
        return kit;
    }

    void addNode() {
        nodes.add(kit.spawn(TrainerNode.create(DataPlane.open("node" + nodes.size(), "127.0.0.1", 0))));
    }

    Running start(String run, boolean resume, String settings) {
        return start(run, resume, settings, TrainingCoordinator.Environment.REAL);
    }

    Running start(String run, String settings, TrainingCoordinator.Environment environment) {
        return start(run, false, settings, environment);
    }

    private Running start(String run, boolean resume, String settings, TrainingCoordinator.Environment environment) {
        return start(TinyRun.setup(root, run, resume, settings), environment);
    }

    Running start(TrainingSetup setup) {
        return start(setup, TrainingCoordinator.Environment.REAL);
    }

    private Running start(TrainingSetup setup, TrainingCoordinator.Environment environment) {
        TestProbe<TrainingEvent> probe = kit.createTestProbe();
        return new Running(kit.spawn(TrainingCoordinator.create(setup, probe.getRef(), environment)), probe);
    }

    List<TrainingEvent> train(String run, String settings) {
        return end(start(run, false, settings));
    }

    List<TrainingEvent> resume(String run, String settings) {
        return end(start(run, true, settings));
    }

    List<TrainingEvent> end(Running running) {
        List<TrainingEvent> events = new ArrayList<>();
        do {
            events.add(running.events().receiveMessage(PATIENCE));
        } while (!(events.getLast() instanceof TrainingEvent.Completed
                || events.getLast() instanceof TrainingEvent.Failed));
        running.events().expectTerminated(running.coordinator(), PATIENCE);
        return events;
    }

    /** Waits for an event. */
    void until(Running running, Predicate<TrainingEvent> event) {
        while (!event.test(running.events().receiveMessage(PATIENCE))) {
            // the events before it
        }
    }

    /** Has a run stop after so many steps, and gives how many there were. */
    long trainUntil(long step, String run, String settings) {
        Running running = start(run, false, settings);
        until(running, event -> event instanceof TrainingEvent.Progress progress && progress.step() >= step);
        running.coordinator().tell(new TrainingCoordinator.Stop());
        return completed(end(running)).steps();
    }

    static TrainingSummary completed(List<TrainingEvent> events) {
        assertThat(events.getLast()).isInstanceOf(TrainingEvent.Completed.class);
        return ((TrainingEvent.Completed) events.getLast()).summary();
    }

    static String failure(List<TrainingEvent> events) {
        assertThat(events.getLast()).isInstanceOf(TrainingEvent.Failed.class);
        return ((TrainingEvent.Failed) events.getLast()).message();
    }

    <T extends MetricsLine> List<T> lines(String run, Class<T> kind) {
        return new RunFiles(root).lines(run, kind);
    }

    List<Double> losses(String run) {
        return new RunFiles(root).losses(run);
    }

    /** Names of checkpoints, in order. */
    List<String> checkpoints(String run) {
        try (Stream<Path> entries = Files.list(root.resolve(run).resolve("checkpoints"))) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Asserts that two runs have the same last checkpoint, bit for bit. */
    void assertSameEnd(String actual, String expected) throws IOException {
        String last = checkpoints(expected).getLast();
        assertThat(checkpoints(actual).getLast()).isEqualTo(last);
        try (Stream<Path> files = Files.list(root.resolve(expected).resolve("checkpoints/" + last))) {
            for (Path file :
                    files.filter(it -> it.toString().endsWith(".safetensors")).toList()) {
                Path other = root.resolve(actual).resolve(root.resolve(expected).relativize(file));
                assertThat(Files.mismatch(file, other)).as(file.toString()).isEqualTo(-1);
            }
        }
    }

    @Override
    public void close() {
        nodes.forEach(node -> kit.stop(node, PATIENCE));
        kit.shutdownTestKit();
    }
}
