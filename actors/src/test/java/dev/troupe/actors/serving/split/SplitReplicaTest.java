package dev.troupe.actors.serving.split;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationEvent.Rejected;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ModelLayout;
import dev.troupe.actors.serving.engine.ServingMemory;
import dev.troupe.actors.serving.replica.ModelReplica;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.replica.ReuseSettings;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.tensor.NativeMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A replica over the nodes of a cluster, each an actor system of this process with a data plane of its own. */
class SplitReplicaTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Config CONFIG = ConfigFactory.parseString("""
                    akka.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                    akka.actor.testkit.typed.single-expect-default = 60 s
                    akka.actor.testkit.typed.default-timeout = 60 s
                    akka.coordinated-shutdown.exit-jvm = off
                    akka.cluster.split-brain-resolver.keep-majority.role = leader
                    # Nodes come and go here all the time, and everyone waits for it.
                    akka.cluster { leader-actions-interval = 100 ms, gossip-interval = 100 ms }
                    """)
            .withFallback(ConfigFactory.parseResources("troupe-akka.conf"))
            .withFallback(ConfigFactory.load());

    @TempDir
    private Path folder;

    private final List<Node> nodes = new ArrayList<>();

    /** An actor system with a data plane. */
    private static final class Node implements AutoCloseable {
        final ActorTestKit kit;
        final DataPlane plane;

        Node(String role) {
            kit = ActorTestKit.create(
                    "split-test",
                    ConfigFactory.parseString("akka.cluster.roles = [" + role + "]")
                            .withFallback(CONFIG));
            plane = DataPlane.open(address(), "127.0.0.1", 0);
        }

        String address() {
            return Cluster.get(kit.system()).selfMember().address().hostPort();
        }

        @Override
        public void close() {
            kit.shutdownTestKit();
            plane.close();
        }
    }

    @BeforeEach
    void startTheLeader() {
        Node leader = new Node("leader");
        nodes.add(leader);
        join(leader);
    }

    @AfterEach
    void stop() throws InterruptedException {
        nodes.reversed().forEach(Node::close);
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (NativeMemory.bytes("inference") != 0 && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(NativeMemory.bytes("inference")).isZero();
    }

    private Node leader() {
        return nodes.getFirst();
    }

    private void join(Node node) {
        Cluster.get(node.kit.system())
                .manager()
                .tell(Join.create(
                        Cluster.get(leader().kit.system()).selfMember().address()));
        node.kit.createTestProbe().awaitAssert(() -> {
            assertThat(Cluster.get(node.kit.system()).selfMember().status()).isEqualTo(MemberStatus.up());
            return true;
        });
    }

    private Node addMember(Optional<Path> model) {
        return addMember(model, ServingMemory.OF_MACHINE);
    }

    /** @param model where it has the model; empty for where the leader has it */
    private Node addMember(Optional<Path> model, ServingMemory memory) {
        Node node = new Node("member");
        nodes.add(node);
        join(node);
        node.kit.spawn(MemberNode.create(node.plane, model, ComputeThreads.of(1), memory), "member-node");
        return node;
    }

    private ActorRef<Command> serve(Path model, ModelLayout layout, ActorTestKit kit) {
        EngineSettings engine = new EngineSettings("auto", Precision.FP32, 1, 24, 8, 4 << 20);
        ReplicaSettings settings = new ReplicaSettings(
                "m", "plain", engine, new ReuseSettings(true, 4), 64, 3, Duration.ofMillis(20), Duration.ofMillis(100));
        return kit.spawn(ModelReplica.create(settings, new DirectoryLoader(engine, "m", "plain", model, layout)));
    }

    private ActorRef<Command> serveSplit(Path model, ReplicaShape shape) {
        SplitSettings settings = new SplitSettings(shape, Duration.ofSeconds(30));
        return serve(model, SplitLayout.over(leader().kit.system(), leader().plane, settings), leader().kit);
    }

    private void awaitServing(ActorRef<Command> replica) {
        TestProbe<Description> described = leader().kit.createTestProbe(Description.class);
        replica.tell(new Describe(described.getRef()));
        described.receiveMessage(PATIENCE);
    }

    private static List<GenerationRequest> requests() {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            List<Integer> prompt = new ArrayList<>(List.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4));
            prompt.add(i / 2);
            requests.add(new GenerationRequest(
                    "r" + i, prompt, 30, List.of(), Requests.sampling(i % 2 == 0 ? 0 : 1, i, 2), 0));
        }
        return requests;
    }

    private List<List<GenerationEvent>> answers(ActorRef<Command> replica) {
        List<TestProbe<GenerationEvent>> clients = new ArrayList<>();
        for (GenerationRequest request : requests()) {
            TestProbe<GenerationEvent> client = leader().kit.createTestProbe(GenerationEvent.class);
            replica.tell(new Submit(request, client.getRef()));
            clients.add(client);
        }
        List<List<GenerationEvent>> answers = new ArrayList<>();
        for (TestProbe<GenerationEvent> client : clients) {
            List<GenerationEvent> events = new ArrayList<>();
            do {
                GenerationEvent event = client.receiveMessage(PATIENCE);
                if (!(event instanceof Begun)) {
                    events.add(event);
                }
            } while (events.isEmpty() || events.getLast() instanceof TokenGenerated);
            answers.add(events);
        }
        return answers;
    }

    private List<List<GenerationEvent>> undisturbed(Path model) {
        ActorRef<Command> replica = serve(model, ModelLayout.WHOLE, leader().kit);
        List<List<GenerationEvent>> answers = answersWhenServing(replica);
        leader().kit.stop(replica);
        assertThat(answers).allSatisfy(answer -> assertThat(answer).hasSize(31));
        return answers;
    }

    @ParameterizedTest
    @CsvSource({"llama,2,1,2", "qwen2,1,2,2", "gpt2,2,2,2", "llama,3,1,3", "qwen2,2,2,4"})
    void answersOverSeveralNodesAreThoseOfOne(String name, int pipeline, int tensor, int numNodes) {
        Path model = SplitModels.write(folder, name, SplitModels.config(name), 3);
        List<List<GenerationEvent>> expected = undisturbed(model);
        ActorRef<Command> replica = serveSplit(model, new ReplicaShape(pipeline, tensor, numNodes));
        for (int i = 1; i < numNodes; i++) {
            addMember(Optional.empty());
        }
        assertThat(answersWhenServing(replica)).isEqualTo(expected);
    }

    private List<List<GenerationEvent>> answersWhenServing(ActorRef<Command> replica) {
        awaitServing(replica);
        return answers(replica);
    }

    /**
     * What a router does with its requests: they go on behind the last token, on the replica that is put together anew.
     */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void aNodeThatIsLostCostsAPause(boolean aSpareIsThere) {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), 3);
        List<List<GenerationEvent>> expected = undisturbed(model);
        ActorRef<Command> replica = serveSplit(model, new ReplicaShape(2, 1, 2));
        Node lost = addMember(Optional.empty());
        awaitServing(replica);
        if (aSpareIsThere) {
            addMember(Optional.empty());
        }
        TestProbe<GenerationEvent> client = leader().kit.createTestProbe(GenerationEvent.class);
        GenerationRequest request = requests().getFirst();
        replica.tell(new Submit(request, client.getRef()));
        List<Integer> known = new ArrayList<>(request.promptTokens());
        List<GenerationEvent> events = new ArrayList<>();
        assertThat(client.receiveMessage(PATIENCE)).isInstanceOf(Begun.class);
        for (int i = 0; i < 3; i++) {
            GenerationEvent event = client.receiveMessage(PATIENCE);
            events.add(event);
            known.add(((TokenGenerated) event).token());
        }
        lost.plane.close(); // as when its process ends: all connections with it
        lost.kit.shutdownTestKit();
        GenerationEvent last = client.receiveMessage(PATIENCE);
        while (last instanceof TokenGenerated token) { // what was on its way
            events.add(token);
            known.add(token.token());
            last = client.receiveMessage(PATIENCE);
        }
        if (last instanceof Finished) {
            throw new AssertionError("the answer was complete before the node was lost: make it longer");
        }
        assertThat(last)
                .isInstanceOfSatisfying(
                        Rejected.class,
                        rejected -> assertThat(rejected.reason()).isIn(RejectReason.STOPPED, RejectReason.STEP_FAILED));
        if (!aSpareIsThere) {
            addMember(Optional.empty());
        }
        awaitServing(replica);
        int generated = events.size();
        replica.tell(new Submit(
                new GenerationRequest(
                        "again",
                        known,
                        request.maxTokens() - generated,
                        request.stopTokens(),
                        request.sampling(),
                        generated),
                client.getRef()));
        for (GenerationEvent event = client.receiveMessage(PATIENCE);
                !(event instanceof Finished);
                event = client.receiveMessage(PATIENCE)) {
            events.add(event);
        }
        assertThat(events)
                .filteredOn(TokenGenerated.class::isInstance)
                .extracting(event -> ((TokenGenerated) event).token())
                .isEqualTo(expected.getFirst().stream()
                        .filter(TokenGenerated.class::isInstance)
                        .map(event -> ((TokenGenerated) event).token())
                        .toList());
        assertThat(answers(replica)).isEqualTo(expected);
    }

    /** An idle replica notices, too, and its members end when their leader does. */
    @Test
    void membersAndLeaderNoticeEachOthersEnd() {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), 3);
        ActorRef<Command> replica = serveSplit(model, new ReplicaShape(2, 1, 2));
        Node first = addMember(Optional.empty());
        awaitServing(replica);
        TestProbe<GenerationEvent> client = leader().kit.createTestProbe(GenerationEvent.class);
        first.close();
        nodes.remove(first);
        client.awaitAssert(() -> {
            replica.tell(new Submit(requests().getFirst(), client.getRef()));
            assertThat(client.receiveMessage(PATIENCE))
                    .isInstanceOfSatisfying(
                            Rejected.class,
                            rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.LOADING));
            return true;
        });
        addMember(Optional.empty());
        awaitServing(replica);
        leader().kit.stop(replica);
        ActorRef<Command> next = serveSplit(model, new ReplicaShape(2, 1, 2)); // another one, which needs a free node
        assertThat(answersWhenServing(next)).hasSize(requests().size());
    }

    /** A node with other weights does not serve, and the replica waits for one that has the same. */
    @Test
    void otherWeightsAreRefused() {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), 3);
        Path copy = SplitModels.write(folder, "copy", SplitModels.config("llama"), 3);
        Path other = SplitModels.write(folder, "other", SplitModels.config("llama"), 4);
        List<List<GenerationEvent>> expected = undisturbed(model);
        addMember(Optional.of(other));
        ActorRef<Command> replica = serveSplit(model, new ReplicaShape(2, 1, 2));
        TestProbe<GenerationEvent> client = leader().kit.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(requests().getFirst(), client.getRef()));
        assertThat(client.receiveMessage(PATIENCE)).isInstanceOf(Rejected.class);
        addMember(Optional.of(copy));
        assertThat(answersWhenServing(replica)).isEqualTo(expected);
    }

    /** A node that has not the memory for its part does not serve, and another is asked that has it. */
    @Test
    void aNodeWithTooLittleMemoryIsPassedOver() {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), 3);
        List<List<GenerationEvent>> expected = undisturbed(model);
        addMember(Optional.empty(), ServingMemory.of(1000));
        ActorRef<Command> replica = serveSplit(model, new ReplicaShape(2, 1, 2));
        TestProbe<GenerationEvent> client = leader().kit.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(requests().getFirst(), client.getRef()));
        assertThat(client.receiveMessage(PATIENCE)).isInstanceOf(Rejected.class);
        addMember(Optional.empty(), ServingMemory.of(8 << 20));
        assertThat(answersWhenServing(replica)).isEqualTo(expected);
    }
}
