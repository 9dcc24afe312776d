package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Two nodes as troupe-akka.conf sets them up: a replica on one is found and used from the other, over TCP. */
class ReplicaAcrossNodesTest {
    private static final Config CONFIG = ConfigFactory.parseString("""
                    akka.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                    akka.actor.testkit.typed.single-expect-default = 20 s
                    """)
            .withFallback(ConfigFactory.parseResources("troupe-akka.conf"))
            .withFallback(ConfigFactory.load());
    private static final ActorTestKit SERVER = ActorTestKit.create("troupe-nodes-test", CONFIG);
    private static final ActorTestKit CLIENT = ActorTestKit.create("troupe-nodes-test", CONFIG);

    @AfterAll
    static void stop() {
        CLIENT.shutdownTestKit();
        SERVER.shutdownTestKit();
    }

    @Test
    void aReplicaIsFoundAndAnswersFromAnotherNode() {
        Cluster first = Cluster.get(SERVER.system());
        first.manager().tell(Join.create(first.selfMember().address()));
        Cluster.get(CLIENT.system())
                .manager()
                .tell(Join.create(first.selfMember().address()));

        ScriptedEngine engine = new ScriptedEngine();
        engine.tokenizerJson = "x".repeat(3 << 20); // as large as a large vocabulary's
        ReplicaSettings settings = ScriptedEngine.settings(4, 4);
        SERVER.spawn(ModelReplica.create(settings, () -> engine));

        TestProbe<Receptionist.Listing> listings = CLIENT.createTestProbe(Receptionist.Listing.class);
        CLIENT.system().receptionist().tell(Receptionist.subscribe(ReplicaProtocol.SERVICE_KEY, listings.getRef()));
        Set<ActorRef<Command>> found;
        do {
            found = listings.receiveMessage().getServiceInstances(ReplicaProtocol.SERVICE_KEY);
        } while (found.isEmpty());
        ActorRef<Command> replica = found.iterator().next();
        assertThat(replica.path().address().hasGlobalScope()).as("it is remote").isTrue();

        TestProbe<Description> described = CLIENT.createTestProbe(Description.class);
        replica.tell(new Describe(described.getRef()));
        assertThat(described.receiveMessage().model()).isEqualTo(engine.description());

        TestProbe<GenerationEvent> client = CLIENT.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(Requests.greedy("far", List.of(5, 6), 2), client.getRef()));
        assertThat(client.receiveMessage()).isEqualTo(new Begun("far", 0));
        assertThat(client.receiveMessage()).isEqualTo(new TokenGenerated("far", 0, 2, Double.NaN, List.of()));
        assertThat(client.receiveMessage()).isEqualTo(new TokenGenerated("far", 1, 3, Double.NaN, List.of()));
        assertThat(client.receiveMessage()).isEqualTo(new Finished("far", FinishReason.LENGTH, 2, 2));

        engine.steps.drainPermits();
        TestProbe<GenerationEvent> mortal = CLIENT.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(Requests.greedy("orphan", List.of(5, 6), 30), mortal.getRef()));
        replica.tell(new Describe(described.getRef()));
        assertThat(described.receiveMessage().running()).isEqualTo(1);
        mortal.stop();
        described.awaitAssert(() -> {
            replica.tell(new Describe(described.getRef()));
            assertThat(described.receiveMessage().running()).isZero();
            return true;
        });
        engine.steps.release(1000);
    }
}
