package dev.troupe.actors.membership;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.Address;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Down;
import akka.cluster.typed.Join;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes, each an actor system of this process, that a cluster has removed, as they begin again. */
class MembershipTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Longer than a majority waits before it begins a cluster, and asks twice. */
    private static final Duration LONG = Duration.ofSeconds(5);

    private static final Config CONFIG = ConfigFactory.parseString("""
                    akka.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                    akka.coordinated-shutdown.exit-jvm = off
                    akka.cluster { leader-actions-interval = 100 ms, gossip-interval = 100 ms }
                    akka.actor.testkit.typed.system-shutdown-default = 30 s
                    """)
            .withFallback(ConfigFactory.parseResources("troupe-akka.conf"))
            .withFallback(ConfigFactory.load());

    private final List<Node> nodes = new ArrayList<>();

    private static final class Node {
        final ActorTestKit kit;
        final Cluster cluster;
        final AtomicReference<@Nullable ClusterRoll> roll = new AtomicReference<>();

        Node(String role, String settings) {
            kit = ActorTestKit.create(
                    "membership-test",
                    ConfigFactory.parseString("akka.cluster { roles = [" + role + "], " + settings
                                    + ", split-brain-resolver.keep-majority.role = decider }")
                            .withFallback(CONFIG));
            cluster = Cluster.get(kit.system());
        }

        Address address() {
            return cluster.selfMember().address();
        }

        ActorRef<Membership.Command> begin(Optional<ClusterRoll> former) {
            return kit.spawn(Membership.create(former, roll::set), Membership.NAME);
        }

        List<Address> members() {
            return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                    .filter(member -> member.status().equals(MemberStatus.up()))
                    .map(Member::address)
                    .toList();
        }
    }

    private Node node(String role) {
        return node(role, "seed-nodes = []");
    }

    private Node node(String role, String settings) {
        Node node = new Node(role, settings);
        nodes.add(node);
        return node;
    }

    private static ClusterRoll rollOf(List<Node> members, List<Node> deciding) {
        return new ClusterRoll(
                members.stream().map(Node::address).toList(),
                deciding.stream().map(Node::address).toList());
    }

    @AfterEach
    void stop() {
        nodes.parallelStream().forEach(node -> node.kit.shutdownTestKit()); // each waits to be let go
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(50);
        }
    }

    /**
     * Two of four that decide are the cluster again only with the first of them, and one that does not decide follows.
     */
    @Test
    void aMajorityBeginsOneClusterThatTheOthersJoin() throws InterruptedException {
        List<Node> deciding = List.of(node("decider"), node("decider"), node("decider"));
        Node follower = node("other");
        ClusterRoll roll = rollOf(nodes, deciding);
        follower.begin(Optional.of(roll));
        Node early = deciding.getFirst();
        early.begin(Optional.of(roll));
        Thread.sleep(LONG.toMillis());
        assertThat(early.members()).as("one of three begins nothing").isEmpty();
        assertThat(follower.members()).isEmpty();

        deciding.get(1).begin(Optional.of(roll));
        await(() -> follower.members().size() == 3);
        deciding.get(2).begin(Optional.of(roll));
        for (Node node : nodes) {
            await(() -> node.members().size() == 4);
            await(() -> roll.equals(node.roll.get()));
        }
    }

    /** Nobody knows what it would join, unless it is the one that gathers in its own place, and can begin nothing. */
    @Test
    void aNodeThatWasStartedAnewCountsOnlyWhenItWaits() throws InterruptedException {
        Node gathering = node("decider");
        Node waiting = node("decider", "seed-nodes = [\"" + gathering.address() + "\"]");
        Node lost = node("decider");
        waiting.begin(Optional.empty());
        gathering.begin(Optional.of(rollOf(nodes, nodes)));
        lost.kit.shutdownTestKit();
        await(() -> gathering.members().size() == 2 && waiting.members().size() == 2);
    }

    /** A cluster at an address that the roll does not have. */
    @Test
    void aNodeThatGathersIsToldOfAClusterElsewhere() throws InterruptedException {
        Node gathering = node("decider");
        Node lost = node("decider");
        gathering.begin(Optional.of(rollOf(nodes, List.of(lost))));
        lost.kit.shutdownTestKit();
        Node other = node("decider");
        ActorRef<Membership.Command> announcing = other.begin(Optional.empty());
        other.cluster.manager().tell(Join.create(other.address()));
        announcing.tell(new Membership.Announce(List.of(lost.address(), gathering.address())));
        await(() -> gathering.members().size() == 2);
    }

    @Test
    void aNodeSaysWhereItStands() {
        Node fresh = node("decider");
        ActorRef<Membership.Command> membership = fresh.begin(Optional.empty());
        TestProbe<Membership.Command> probe = fresh.kit.createTestProbe();
        Membership.Hello ask =
                new Membership.Hello("akka://a@b:1", Membership.Standing.MEMBER, List.of(), probe.getRef());
        membership.tell(ask);
        probe.expectMessage(said(fresh, Membership.Standing.JOINING));
        fresh.cluster.manager().tell(Join.create(fresh.address()));
        probe.awaitAssert(PATIENCE, () -> {
            membership.tell(ask);
            return probe.expectMessage(said(fresh, Membership.Standing.MEMBER));
        });
    }

    /** Both who stay say so, and the one that is removed is not asked whether it knows. */
    @Test
    void aNodeThatIsRemovedIsToldByThoseThatStay() throws InterruptedException {
        List<Node> staying = List.of(node("decider"), node("decider"));
        Node removed = node("decider", "run-coordinated-shutdown-when-down = off");
        TestProbe<Membership.Command> told = removed.kit.createTestProbe();
        removed.kit.spawn(forwardTo(told.getRef()), Membership.NAME);
        staying.forEach(node -> node.begin(Optional.empty()));
        together();
        long uid = removed.cluster.selfMember().uniqueAddress().longUid();
        staying.getFirst().cluster.manager().tell(new Down(removed.address()));
        Set<Address> by = new HashSet<>();
        while (by.size() < staying.size()) {
            Membership.Removed message = told.expectMessageClass(Membership.Removed.class, PATIENCE);
            assertThat(message.uid()).isEqualTo(uid);
            Node sender = staying.stream()
                    .filter(node -> node.address().toString().equals(message.by()))
                    .findFirst()
                    .orElseThrow();
            assertThat(message.byUid())
                    .isEqualTo(sender.cluster.selfMember().uniqueAddress().longUid());
            by.add(sender.address());
        }
    }

    /** Only of a member, and only if it is meant itself. */
    @Test
    void aNodeBelievesAMemberThatItWasRemoved() throws InterruptedException {
        Node told = node("decider");
        Node other = node("decider");
        ActorRef<Membership.Command> membership = told.begin(Optional.empty());
        other.begin(Optional.empty());
        together();
        long uid = told.cluster.selfMember().uniqueAddress().longUid();
        long byUid = other.cluster.selfMember().uniqueAddress().longUid();
        String by = other.address().toString();
        membership.tell(new Membership.Removed(uid + 1, by, byUid));
        membership.tell(new Membership.Removed(uid, by, byUid + 1));
        membership.tell(new Membership.Removed(uid, "akka://membership-test@127.0.0.1:1", byUid));
        Thread.sleep(LONG.toMillis());
        assertThat(told.members()).hasSize(2);
        assertThat(other.members()).hasSize(2);

        membership.tell(new Membership.Removed(uid, by, byUid));
        await(() -> told.cluster.isTerminated());
        await(() -> other.members().equals(List.of(other.address())));
    }

    /** Has all nodes be one cluster. */
    private void together() throws InterruptedException {
        Address first = nodes.getFirst().address();
        nodes.forEach(node -> node.cluster.manager().tell(Join.create(first)));
        for (Node node : nodes) {
            await(() -> node.members().size() == nodes.size());
        }
    }

    private static Behavior<Membership.Command> forwardTo(ActorRef<Membership.Command> probe) {
        return Behaviors.receiveMessage(message -> {
            probe.tell(message);
            return Behaviors.same();
        });
    }

    private static Membership.Hello said(Node node, Membership.Standing standing) {
        return new Membership.Hello(node.address().toString(), standing, List.of(), null);
    }

    @Test
    void messagesEqualThemselvesAfterTheWire() {
        Node node = node("decider");
        TestProbe<Membership.Command> probe = node.kit.createTestProbe();
        for (Membership.Standing standing : Membership.Standing.values()) {
            node.kit
                    .serializationTestKit()
                    .verifySerialization(
                            new Membership.Hello("akka://a@b:1", standing, List.of("akka://a@b:1"), null), true);
        }
        node.kit
                .serializationTestKit()
                .verifySerialization(
                        new Membership.Hello("akka://a@b:1", Membership.Standing.WAITING, List.of(), probe.getRef()),
                        true);
        node.kit.serializationTestKit().verifySerialization(new Membership.Removed(1L << 40, "akka://a@b:1", -1), true);
    }

    /** As the resolver counts, and in its order: by host, then by port as a number. */
    @Test
    void aMajorityIsMoreThanHalfOrHalfWithTheFirst() {
        List<Address> four = List.of(address(1), address(2), address(3), address(4));
        assertThat(ClusterRoll.isMajority(four, List.of(address(2), address(3), address(4))))
                .isTrue();
        assertThat(ClusterRoll.isMajority(four, List.of(address(1), address(4))))
                .isTrue();
        assertThat(ClusterRoll.isMajority(four, List.of(address(2), address(4))))
                .isFalse();
        assertThat(ClusterRoll.isMajority(four, List.of(address(2), address(5), address(6))))
                .isFalse();
        assertThat(ClusterRoll.isMajority(List.of(), four)).isFalse();
        List<Address> ports = List.of(address(10_000), address(9_999));
        assertThat(new ClusterRoll(ports, ports).deciding()).containsExactly(address(9_999), address(10_000));
        Address host = new Address("akka", "troupe", "10.0.0.1", 25520);
        Address longer = new Address("akka", "troupe", "10.0.0.10", 25520);
        assertThat(new ClusterRoll(List.of(), List.of(longer, host)).deciding()).containsExactly(host, longer);
    }

    private static Address address(int port) {
        return new Address("akka", "troupe", "127.0.0.1", port);
    }
}
