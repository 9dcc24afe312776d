package dev.troupe.actors.serving.split;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.SerializationTestKit;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.split.MemberProtocol.Build;
import dev.troupe.actors.serving.split.MemberProtocol.Built;
import dev.troupe.actors.serving.split.MemberProtocol.Leave;
import dev.troupe.actors.serving.split.MemberProtocol.Lost;
import dev.troupe.actors.serving.split.MemberProtocol.Report;
import dev.troupe.actors.serving.split.MemberProtocol.Reported;
import dev.troupe.actors.transport.Endpoint;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message between a leader and nodes with members equals itself after the wire. */
class SplitMessagesTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "split-messages-test",
            ConfigFactory.parseString("akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    static Stream<Object> messages() {
        Endpoint node = new Endpoint("127.0.0.1", 4711, "a");
        MemberJob job = new MemberJob(
                "replica/3",
                "troupe@127.0.0.1:25520",
                new ReplicaShape(2, 2, 2),
                List.of(node, node, node, node),
                "/models/m.gguf",
                2048,
                "stored",
                "exact",
                "exact",
                "bf16",
                "vector",
                "fp32",
                256,
                77,
                60_000);
        return Stream.of(
                new Report(ref(Reported.class)),
                new Reported(node, null, ref(MemberProtocol.Command.class)),
                new Reported(node, "replica", ref(MemberProtocol.Command.class)),
                new Build(job, List.of(2, 3), ref(MemberProtocol.Answer.class)),
                new Built("replica/3", "a", "0f0f"),
                new Lost("replica/3", "a", "a peer is gone"),
                new Leave("replica/3"));
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
