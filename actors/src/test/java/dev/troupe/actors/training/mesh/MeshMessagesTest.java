package dev.troupe.actors.training.mesh;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.SerializationTestKit;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.mesh.TrainerProtocol.Build;
import dev.troupe.actors.training.mesh.TrainerProtocol.Built;
import dev.troupe.actors.training.mesh.TrainerProtocol.Copied;
import dev.troupe.actors.training.mesh.TrainerProtocol.EvaluateWindows;
import dev.troupe.actors.training.mesh.TrainerProtocol.Follow;
import dev.troupe.actors.training.mesh.TrainerProtocol.Fresh;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCheckpoint;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCopies;
import dev.troupe.actors.training.mesh.TrainerProtocol.HeldCopy;
import dev.troupe.actors.training.mesh.TrainerProtocol.Leave;
import dev.troupe.actors.training.mesh.TrainerProtocol.LedRun;
import dev.troupe.actors.training.mesh.TrainerProtocol.Lost;
import dev.troupe.actors.training.mesh.TrainerProtocol.NotSaved;
import dev.troupe.actors.training.mesh.TrainerProtocol.Recalled;
import dev.troupe.actors.training.mesh.TrainerProtocol.RecalledStep;
import dev.troupe.actors.training.mesh.TrainerProtocol.Report;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.training.mesh.TrainerProtocol.RunEnded;
import dev.troupe.actors.training.mesh.TrainerProtocol.Save;
import dev.troupe.actors.training.mesh.TrainerProtocol.Saved;
import dev.troupe.actors.training.mesh.TrainerProtocol.StepTaken;
import dev.troupe.actors.training.mesh.TrainerProtocol.TakeStep;
import dev.troupe.actors.training.mesh.TrainerProtocol.WindowsEvaluated;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.format.durable.FileDigest;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message between the runner and trainer nodes equals itself after the wire. */
class MeshMessagesTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "mesh-messages-test",
            ConfigFactory.parseString("akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    static Stream<Object> messages() {
        Endpoint node = new Endpoint("127.0.0.1", 4711, "a");
        MeshJob job = new MeshJob(
                "run",
                2,
                Map.of("train.seed", "7"),
                65,
                new RunCorpus("/train", "1a"),
                new RunCorpus("/heldOut", "2b"));
        LedRun led = new LedRun("run", "/runs/run");
        Seating seating = new Seating(List.of(node, node), Map.of("a", "machine 1"));
        ActorRef<TrainerProtocol.Answer> answers = ref(TrainerProtocol.Answer.class);
        return Stream.of(
                new Report(ref(Reported.class)),
                new Reported(
                        node,
                        new NodeTraits("a", "rack 1", 4, 1L << 40, true),
                        null,
                        0,
                        0,
                        List.of(),
                        null,
                        ref(TrainerProtocol.Command.class)),
                new Reported(
                        node,
                        new NodeTraits("", "", 2, 5, false),
                        "run",
                        1,
                        3,
                        List.of(new HeldCopy(1, 7)),
                        led,
                        ref(TrainerProtocol.Command.class)),
                new TrainerProtocol.Describe(ref(TrainerProtocol.Described.class)),
                new TrainerProtocol.Described("run", "/runs/run", 3, 7, List.of(0, 1)),
                new Follow(led, 3_000_000, ref(Recalled.class)),
                new Recalled(
                        ref(TrainerProtocol.Command.class),
                        3_000_000,
                        List.of(new RecalledStep(
                                new StepOrder(1e-3, 14, 2),
                                new StepTaken(
                                        2, "a", 7, 3.5, 0.5, true, new RankSeconds(2, 1, 0.25, 0.125, 0.5, 0.0625)),
                                1))),
                new RunEnded("run"),
                new Build(1, 0, job, seating, new Fresh(), answers),
                new Build(2, 1, job, seating, new FromCopies(7, List.of(node, node)), answers),
                new Build(2, 1, job, seating, new FromCheckpoint("/checkpoints/step-00000007", 7), answers),
                new Built(
                        2,
                        "a",
                        7,
                        new NodeResources("a", List.of(0, 1), 2, 99.5, new NodeResources.Memory(1, 2, 3, 4, 5, 6))),
                new Save(2, 7, "/checkpoints/step-00000007", answers),
                new Copied(2, "a", 7),
                new Saved(2, "a", 7, List.of(new ShardFile("rank-00000.safetensors", 7, new FileDigest(3, "0f")))),
                new NotSaved(2, "a", 7, "full"),
                new EvaluateWindows(2, 7, 32, answers),
                new WindowsEvaluated(2, "a", 7, 30, 3.5, 480, 0.25),
                new TakeStep(2, 7, new StepOrder(1e-3, 14, 2), answers),
                new StepTaken(2, "a", 7, 3.5, 0.5, true, new RankSeconds(2, 1, 0.25, 0.125, 0.5, 0.0625)),
                new Lost(2, "a", "a peer is gone"),
                new Leave("run"));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void survivesTheWire(Object message) {
        new SerializationTestKit(KIT.system()).verifySerialization(message, true);
    }

    private static <T> ActorRef<T> ref(Class<T> type) {
        return KIT.createTestProbe(type).getRef();
    }
}
