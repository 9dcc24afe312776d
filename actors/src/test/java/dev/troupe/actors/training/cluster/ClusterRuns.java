package dev.troupe.actors.training.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.RunFiles;
import dev.troupe.actors.training.TinyRun;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.mesh.KnownRun;
import dev.troupe.actors.training.mesh.NodeTraits;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
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
import java.util.stream.Stream;

/** Tiny runs in one folder, led on trainer nodes of this JVM, whose ranks talk through sockets. */
final class ClusterRuns implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ActorTestKit kit = ActorTestKit.create(
            "cluster-training-test",
            ConfigFactory.parseString("akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));
    private final Path root;
    private final List<ActorRef<TrainerProtocol.Command>> nodes = new ArrayList<>();
    private int numNodes;

    ClusterRuns(Path root) {
        this.root = root;
    }

    ActorTestKit kit() {
        return kit;
    }

    void addNode() {
        addNode(NodeTraits.here("", "", 0));
    }

    void addNode(NodeTraits traits) {
        addNode(traits, new KnownRun());
    }

    /** A node that knows of a run from before. */
    void addNode(KnownRun known) {
        addNode(NodeTraits.here("", "", 0), known);
    }

    private void addNode(NodeTraits traits, KnownRun known) {
        nodes.add(kit.spawn(TrainerNode.create(DataPlane.open("lead" + numNodes++, "127.0.0.1", 0), traits, known)));
    }

    /** Ends the node that came first. */
    void loseNode() {
        kit.stop(nodes.removeFirst(), PATIENCE);
    }

    /** Somebody who leads a run, and tells {@code events} of it. */
    ActorRef<ClusterTraining.Command> lead(RunSpec run, TestProbe<TrainingEvent> events) {
        ActorRef<ClusterTraining.Command> lead = kit.spawn(ClusterTraining.create());
        lead.tell(new ClusterTraining.Submit(run, events.getRef()));
        return lead;
    }

    void lose(ActorRef<ClusterTraining.Command> lead) {
        kit.stop(lead, PATIENCE);
    }

    TestProbe<TrainingEvent> events() {
        return kit.createTestProbe();
    }

    RunSpec run(String name, String mesh, int zero, int steps, String settings) {
        TrainingSetup setup = setup(name, mesh, zero, steps, settings);
        Path tokenizer = root.resolve("tokenizer.json");
        TokenizerJson.write(setup.tokenizer(), tokenizer);
        return RunSpec.of(setup, tokenizer, name);
    }

    private TrainingSetup setup(String name, String mesh, int zero, int steps, String settings) {
        String[] axes = mesh.split("x", 3);
        return TinyRun.setup(
                root,
                name,
                false,
                "compute.backend = vector, eval.windows = 5, checkpoint.everySteps = 20, "
                        + "train { batch = 2, accumulation = 2, threads = 1, steps = " + steps + " }, mesh { data = "
                        + axes[0] + ", tensor = " + axes[1] + ", pipeline = " + axes[2] + ", zero = " + zero
                        + ", nodes = 2 }, " + settings);
    }

    static void awaitStep(TestProbe<TrainingEvent> events, long step) {
        while (await(events, TrainingEvent.Progress.class).step() < step) {
            // the steps before it
        }
    }

    /** Waits for an event; fails when the run ends before. */
    static <T extends TrainingEvent> T await(TestProbe<TrainingEvent> events, Class<T> type) {
        while (true) {
            TrainingEvent event = events.receiveMessage(PATIENCE);
            if (type.isInstance(event)) {
                return type.cast(event);
            }
            assertThat(event).isNotInstanceOfAny(TrainingEvent.Failed.class, TrainingEvent.Completed.class);
        }
    }

    <T extends MetricsLine> List<T> lines(String run, Class<T> kind) {
        return new RunFiles(root).lines(run, kind);
    }

    List<Double> losses(String run) {
        return new RunFiles(root).losses(run);
    }

    /** Checkpoints of a run that are whole, as far as their manifests say, in order of step. */
    List<Path> checkpoints(String run) throws IOException {
        try (Stream<Path> all = Files.list(root.resolve(run).resolve("checkpoints"))) {
            return all.filter(checkpoint -> Files.exists(checkpoint.resolve("manifest.json")))
                    .sorted()
                    .toList();
        }
    }

    /** The files of the ranks in a checkpoint. */
    static List<Path> shards(Path checkpoint) throws IOException {
        try (Stream<Path> files = Files.list(checkpoint)) {
            return files.filter(file -> file.getFileName().toString().startsWith("rank-"))
                    .sorted()
                    .toList();
        }
    }

    /** Weights and moments of two runs are the same bits after {@code step}. */
    void requireSameShards(String run, String other, long step) throws IOException {
        Path last = Path.of("checkpoints", String.format("step-%08d", step));
        List<Path> shards = shards(root.resolve(other).resolve(last));
        assertThat(shards).isNotEmpty();
        for (Path shard : shards) {
            Path same = root.resolve(run).resolve(last).resolve(shard.getFileName());
            assertThat(Files.mismatch(shard, same)).as(shard.toString()).isEqualTo(-1);
        }
    }

    @Override
    public void close() {
        nodes.forEach(node -> kit.stop(node, PATIENCE));
        kit.shutdownTestKit();
    }
}
