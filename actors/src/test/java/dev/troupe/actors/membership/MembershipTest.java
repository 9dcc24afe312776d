package dev.troupe.actors.membership;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.Address;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
    private static final Duration LONG = Duration.ofSeconds(7);

    private static final Config CONFIG = ConfigFactory.parseString("""
                    akka.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                    akka.coordinated-shutdown.exit-jvm = off
                    akka.cluster { leader-actions-interval = 100 ms, gossip-interval = 100 ms }
                    """)
            .withFallback(ConfigFactory.parseResources("troupe-akka.conf"))
            .withFallback(ConfigFactory.load());

    private final List<Node> nodes = new ArrayList<>();

    private static final class Node {
        final ActorTestKit kit;
        final Cluster cluster;
        final AtomicReference<@Nullable ClusterRoll> roll = new AtomicReference<>();

        Node(String role) {
            kit = ActorTestKit.create(
                    "membership-test",
                    ConfigFactory.parseString("akka.cluster { roles = [" + role
                                    + "], split-brain-resolver.keep-majority.role = decider }")
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
        Node node = new Node(role);
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
        nodes.forEach(node -> node.kit.shutdownTestKit());
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

    /** It is no part of what was before, but joins as it is configured: nobody waits for it to begin anything. */
    @Test
    void aNodeThatJoinsAsConfiguredCountsForNothing() {
        Node fresh = node("decider");
        ActorRef<Membership.Command> membership = fresh.begin(Optional.empty());
        TestProbe<Membership.Command> probe = fresh.kit.createTestProbe();
        membership.tell(new Membership.Ask(probe.getRef()));
        probe.expectMessage(new Membership.Answer(fresh.address().toString(), Membership.Standing.JOINING));
        fresh.cluster.manager().tell(Join.create(fresh.address()));
        probe.awaitAssert(PATIENCE, () -> {
            membership.tell(new Membership.Ask(probe.getRef()));
            return probe.expectMessage(new Membership.Answer(fresh.address().toString(), Membership.Standing.MEMBER));
        });
    }

    @Test
    void messagesEqualThemselvesAfterTheWire() {
        Node node = node("decider");
        TestProbe<Membership.Command> probe = node.kit.createTestProbe();
        for (Membership.Standing standing : Membership.Standing.values()) {
            node.kit.serializationTestKit().verifySerialization(new Membership.Answer("akka://a@b:1", standing), true);
        }
        node.kit.serializationTestKit().verifySerialization(new Membership.Ask(probe.getRef()), true);
    }

    @Test
    void aMajorityIsMoreThanHalfOrHalfWithTheFirst() {
        List<Address> four = List.of(address(1), address(2), address(3), address(4));
        ClusterRoll roll = new ClusterRoll(four, four);
        assertThat(roll.isMajority(List.of(address(2), address(3), address(4)))).isTrue();
        assertThat(roll.isMajority(List.of(address(1), address(4)))).isTrue();
        assertThat(roll.isMajority(List.of(address(2), address(4)))).isFalse();
        assertThat(roll.isMajority(List.of(address(2), address(5), address(6)))).isFalse();
        assertThat(roll.firstOf(List.of(address(3), address(4), address(2)))).contains(address(2));
        ClusterRoll undecided = new ClusterRoll(four, List.of());
        assertThat(undecided.isMajority(four)).isFalse();
    }

    private static Address address(int port) {
        return new Address("akka", "troupe", "127.0.0.1", port);
    }
}
