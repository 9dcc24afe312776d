package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TinyRun;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.mesh.TrainerProtocol.Answer;
import dev.troupe.actors.training.mesh.TrainerProtocol.Build;
import dev.troupe.actors.training.mesh.TrainerProtocol.Built;
import dev.troupe.actors.training.mesh.TrainerProtocol.Fresh;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCheckpoint;
import dev.troupe.actors.training.mesh.TrainerProtocol.Lost;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.tensor.NativeMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerNodeTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "trainer-node-test",
            ConfigFactory.parseString("akka.actor.provider = local").withFallback(ConfigFactory.load()));
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private final TestProbe<Answer> answers = KIT.createTestProbe();

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    /** A disk that does not answer is a pipe that nobody writes to. */
    @Test
    void ranksThatDoNotEndAreTheNodesFailureUntilTheyDo() throws Exception {
        Path checkpoint = Files.createDirectory(folder.resolve("checkpoint"));
        Path manifest = checkpoint.resolve("manifest.json");
        assertThat(new ProcessBuilder("mkfifo", manifest.toString()).start().waitFor())
                .isZero();
        MeshJob job = job("train.stepTimeoutSeconds = 2");
        ActorRef<TrainerProtocol.Command> node = KIT.spawn(TrainerNode.create(DataPlane.open("stuck", "127.0.0.1", 0)));
        Seating seating = seatOn(node);

        node.tell(new Build(1, 0, job, seating, new FromCheckpoint(checkpoint.toString(), 3), answers.getRef()));
        while (Thread.getAllStackTraces().values().stream()
                .flatMap(Stream::of)
                .noneMatch(frame -> frame.getClassName().endsWith("DirectoryManifest"))) {
            Thread.sleep(10); // until the rank reads
        }
        for (long epoch = 2; epoch <= 3; epoch++) {
            node.tell(new Build(epoch, 0, job, seating, new Fresh(), answers.getRef()));
            Answer answer = answers.receiveMessage(PATIENCE);
            assertThat(answer.epoch()).isEqualTo(epoch);
            assertThat(answer)
                    .isInstanceOfSatisfying(
                            Lost.class,
                            lost -> assertThat(lost.message()).isEqualTo("ranks of the epoch before do not end"));
        }
        Files.newOutputStream(manifest).close();
        assertThat(answers.receiveMessage(PATIENCE))
                .isInstanceOfSatisfying(
                        Lost.class, lost -> assertThat(lost.epoch()).isEqualTo(1));
        node.tell(new Build(4, 0, job, seating, new Fresh(), answers.getRef()));
        assertThat(answers.receiveMessage(PATIENCE)).isInstanceOf(Built.class);
        KIT.stop(node, PATIENCE);
    }

    @Test
    void ranksThatEndWhileTheyAreBuiltLeaveNothing() throws Exception {
        MeshJob job = job("compute.backend = vector, train.threads = 1");
        ActorRef<TrainerProtocol.Command> node = KIT.spawn(TrainerNode.create(DataPlane.open("hasty", "127.0.0.1", 0)));
        Seating seating = seatOn(node);
        for (int epoch = 1; epoch <= 200; epoch++) {
            node.tell(new Build(epoch, 0, job, seating, new Fresh(), answers.getRef()));
            Thread.sleep(Duration.ofNanos(epoch % 20 * 200_000L));
        }
        while (answers.receiveMessage(PATIENCE).epoch() < 200) {
            // of those that were ended
        }
        node.tell(new Build(201, 0, job, seating, new Fresh(), answers.getRef()));
        node.tell(new TrainerProtocol.Leave(job.runId()));
        assertThat(answers.receiveMessage(PATIENCE))
                .as("built, or not begun, but not there any more")
                .satisfies(answer -> assertThat(answer.epoch()).isEqualTo(201));
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (NativeMemory.snapshot().values().stream().anyMatch(bytes -> bytes != 0)) {
            assertThat(System.nanoTime())
                    .as("native memory %s", NativeMemory.snapshot())
                    .isLessThan(end);
            Thread.sleep(20);
        }
        KIT.stop(node, PATIENCE);
    }

    @Test
    void aNodeWithOtherTokensIsNotTaken() {
        MeshJob job = job("compute.backend = vector, train.threads = 1");
        MeshJob other = new MeshJob(
                job.runId(),
                0,
                job.settings(),
                job.vocabSize(),
                new RunCorpus(job.train().folder(), "0".repeat(64)),
                job.heldOut());
        ActorRef<TrainerProtocol.Command> node = KIT.spawn(TrainerNode.create(DataPlane.open("other", "127.0.0.1", 0)));
        node.tell(new Build(1, 0, other, seatOn(node), new Fresh(), answers.getRef()));
        assertThat(answers.receiveMessage(PATIENCE))
                .isInstanceOfSatisfying(
                        Lost.class,
                        lost -> assertThat(lost.message())
                                .contains(job.train().folder())
                                .contains("is not the one that the run began with"));
        node.tell(new Build(2, 0, job, seatOn(node), new Fresh(), answers.getRef()));
        assertThat(answers.receiveMessage(PATIENCE)).isInstanceOf(Built.class);
        KIT.stop(node, PATIENCE);
    }

    private MeshJob job(String settings) {
        TrainingSetup setup = TinyRun.setup(folder, "run", false, settings);
        return TinyRun.job(setup);
    }

    private static Seating seatOn(ActorRef<TrainerProtocol.Command> node) {
        TestProbe<Reported> reports = KIT.createTestProbe();
        node.tell(new TrainerProtocol.Report(reports.getRef()));
        return new Seating(List.of(reports.receiveMessage(PATIENCE).endpoint()));
    }
}
