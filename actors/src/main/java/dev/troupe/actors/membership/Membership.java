package dev.troupe.actors.membership;

import akka.actor.Address;
import akka.actor.AddressFromURIString;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.ClusterEvent.MemberRemoved;
import akka.cluster.MemberStatus;
import akka.cluster.UniqueAddress;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Down;
import akka.cluster.typed.Join;
import akka.cluster.typed.JoinSeedNodes;
import akka.cluster.typed.Subscribe;
import com.typesafe.config.Config;
import dev.troupe.actors.wire.WireMessage;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * A node's view of its cluster. While it is a member, it keeps the roll of the others, and tells those that the cluster
 * removes that they are members no more ({@link Removed}). A node that the cluster has removed, and that begins again,
 * is given that roll and looks for the others until it is a member:
 *
 * <ul>
 *   <li>when one of them is a member of a cluster, it joins that;
 *   <li>when those that look for each other, because a split-brain resolver has ended all nodes, are a majority of what
 *       each of them knew, for {@link #STABLE}, the first of them begins a cluster that the others join. A node that is
 *       cut off is in no majority, so it waits until it can reach the others. So it is with resolvers that end a
 *       minority, or all; where another strategy is configured, nobody begins anything.
 * </ul>
 *
 * A node of the roll that was started anew, waits for a cluster as its configuration says, and cannot begin one, is no
 * member of another any more, so that it counts, too, after a while. Nodes greet each other outside of any cluster, so
 * that a message may reach nobody.
 */
public final class Membership {
    /** The name of the actor below the guardian, by which others find it. */
    public static final String NAME = "membership";

    /** What it may be told. */
    public sealed interface Command {}

    /**
     * Nodes, which may have been removed, are to be told where this one is a member, as long as it does not see them in
     * its cluster.
     */
    public record Announce(List<Address> nodes) implements Command {
        public Announce {
            nodes = List.copyOf(nodes);
        }
    }

    /** Where a node stands. */
    enum Standing {
        /** Up in a cluster. */
        MEMBER,
        /** Removed from its cluster, it looks for the others. */
        GATHERING,
        /** It waits for a cluster that its configuration names, and cannot begin it. */
        WAITING,
        /** It joins, or begins a cluster by itself. */
        JOINING
    }

    /**
     * A node says where it stands.
     *
     * @param address of the node
     * @param deciding what it knew of its cluster ({@link ClusterRoll#deciding}); empty unless it is gathering
     * @param replyTo who wants to hear the same of the other; null for nobody
     */
    record Hello(
            String address,
            Standing standing,
            List<String> deciding,
            @Nullable ActorRef<Command> replyTo) implements Command, WireMessage {
        Hello {
            deciding = List.copyOf(deciding);
        }
    }

    /**
     * A member says that the cluster has removed this node. One that stood still meanwhile hears of it nowhere else:
     * the others answer its heartbeats for some seconds, so that it takes them for reachable; and if one of them is
     * lost then, it may have what it takes for a majority, and go on as a cluster of its own.
     *
     * @param uid of the node that was removed: another one at its address is not meant
     * @param by the address of who says so
     * @param byUid its uid; only members are believed
     */
    record Removed(long uid, String by, long byUid) implements Command, WireMessage {}

    private record Tick() implements Command {}

    private record Parted(MemberRemoved member) implements Command {}

    private static final Duration INTERVAL = Duration.ofMillis(500);
    /** What was said longer ago says nothing any more. */
    private static final Duration FRESH = Duration.ofMillis(1800);

    private static final Duration STABLE = Duration.ofSeconds(3);
    /** In which a node that was started anew has found the cluster that it waits for, if there is one. */
    private static final Duration WAITING_COUNTS = Duration.ofSeconds(10);
    /** A node that joins is let in within seconds, unless the one that it asked is lost. */
    private static final Duration JOIN_PATIENCE = Duration.ofSeconds(8);

    private static final Duration REPORT_EVERY = Duration.ofSeconds(30);
    private static final String RESOLVER = "akka.cluster.split-brain-resolver.";
    /** Strategies after which a majority that was removed may be sure that no minority goes on. */
    private static final Set<String> MAJORITIES = Set.of("keep-majority", "down-all");

    /**
     * What a node has said.
     *
     * @param since when it first said that it stands there
     * @param last when it last said so
     */
    private record Heard(Standing standing, List<Address> deciding, long since, long last) {}

    private final ActorContext<Command> context;
    private final Cluster cluster;
    private final Address self;
    private final String role;
    private final boolean mayBegin;
    private final boolean waits;
    private final Optional<ClusterRoll> former;
    private final Consumer<ClusterRoll> roll;
    private final Map<Address, Heard> heard = new HashMap<>();
    private final Map<UniqueAddress, Long> lost = new HashMap<>(); // since when, as long as messages reach them
    private final Duration lostFor;
    private final long began = System.nanoTime();
    private Set<Address> announceTo = Set.of();
    private Optional<Address> first = Optional.empty(); // who begins, as it seems now
    private long firstSince;
    private long joinedAt = began - JOIN_PATIENCE.toNanos();
    private long reportedAt = began;
    private boolean wasMember;

    private Membership(ActorContext<Command> context, Optional<ClusterRoll> former, Consumer<ClusterRoll> roll) {
        this.context = context;
        this.cluster = Cluster.get(context.getSystem());
        this.self = cluster.selfMember().address();
        this.former = former;
        this.roll = roll;
        Config config = context.getSystem().settings().config();
        this.role = config.getString(RESOLVER + "keep-majority.role");
        this.mayBegin = MAJORITIES.contains(config.getString(RESOLVER + "active-strategy"));
        this.waits = waits(config, self);
        this.lostFor = config.getDuration("akka.cluster.quarantine-removed-node-after");
        cluster.subscriptions()
                .tell(Subscribe.create(context.messageAdapter(MemberRemoved.class, Parted::new), MemberRemoved.class));
    }

    /** Whether a node's configuration names a cluster that this node does not begin if it is not there. */
    public static boolean waits(Config config, Address self) {
        List<String> seeds = config.getStringList("akka.cluster.seed-nodes");
        return !seeds.isEmpty() && !AddressFromURIString.parse(seeds.getFirst()).equals(self);
    }

    /**
     * Watches a node's membership.
     *
     * @param former what the node knew of the cluster that has removed it; empty for a node that joins as configured
     * @param roll hears, on the actor's thread, of the cluster whenever it is whole
     */
    public static Behavior<Command> create(Optional<ClusterRoll> former, Consumer<ClusterRoll> roll) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            timers.startTimerWithFixedDelay(new Tick(), Duration.ZERO, INTERVAL);
            Membership membership = new Membership(context, former, roll);
            return Behaviors.receiveMessage(membership::onCommand);
        }));
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Hello hello -> onHello(hello);
            case Announce(List<Address> nodes) -> announceTo = Set.copyOf(nodes);
            case Parted(MemberRemoved member) -> onParted(member);
            case Removed removed -> onRemoved(removed);
            case Tick _ -> onTick();
        }
        return Behaviors.same();
    }

    private void onHello(Hello hello) {
        long now = System.nanoTime();
        Address node = AddressFromURIString.parse(hello.address());
        Heard before = heard.get(node);
        long since = before != null && before.standing() == hello.standing() ? before.since() : now;
        List<Address> deciding =
                hello.deciding().stream().map(AddressFromURIString::parse).toList();
        heard.put(node, new Heard(hello.standing(), deciding, since, now));
        ActorRef<Command> replyTo = hello.replyTo();
        if (replyTo != null) {
            replyTo.tell(hello(null));
        }
    }

    private Hello hello(@Nullable ActorRef<Command> replyTo) {
        Standing standing = standing();
        List<String> deciding = standing == Standing.GATHERING
                ? former.orElseThrow().deciding().stream()
                        .map(Address::toString)
                        .toList()
                : List.of();
        return new Hello(self.toString(), standing, deciding, replyTo);
    }

    private void tell(Address node, Command message) {
        Adapter.toClassic(context)
                .actorSelection(node + "/user/" + NAME)
                .tell(message, Adapter.toClassic(context.getSelf()));
    }

    private void tellRemoved(UniqueAddress node) {
        tell(
                node.address(),
                new Removed(
                        node.longUid(),
                        self.toString(),
                        cluster.selfMember().uniqueAddress().longUid()));
    }

    private void onParted(MemberRemoved removed) {
        UniqueAddress node = removed.member().uniqueAddress();
        boolean knows = !removed.previousStatus().equals(MemberStatus.down()) // it has left
                || node.equals(cluster.selfMember().uniqueAddress());
        if (!knows) {
            lost.put(node, System.nanoTime());
            tellRemoved(node);
        }
    }

    private void onRemoved(Removed removed) {
        Address by = AddressFromURIString.parse(removed.by());
        boolean believed = StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                .anyMatch(member -> member.uniqueAddress().equals(UniqueAddress.apply(by, removed.byUid())));
        if (believed && cluster.selfMember().uniqueAddress().longUid() == removed.uid()) {
            context.getLog().warn("The cluster has removed this node while it was out of reach, as {} says", by);
            cluster.manager().tell(new Down(self));
        }
    }

    private Standing standing() {
        MemberStatus status = cluster.selfMember().status();
        if (status.equals(MemberStatus.up())) {
            return Standing.MEMBER;
        }
        boolean outside = status.equals(MemberStatus.removed()) && !wasMember;
        if (outside && former.isPresent()) {
            return Standing.GATHERING;
        }
        return outside && waits ? Standing.WAITING : Standing.JOINING;
    }

    private void onTick() {
        long now = System.nanoTime();
        heard.values().removeIf(said -> now - said.last() > FRESH.toNanos());
        if (standing() == Standing.MEMBER) {
            if (!wasMember && former.isPresent()) {
                context.getLog().info("This node is a member of a cluster again, after {} s", seconds(now - began));
            }
            wasMember = true;
            lost.values().removeIf(since -> now - since > lostFor.toNanos());
            lost.keySet().forEach(this::tellRemoved);
            ClusterRoll.of(cluster.state(), role).ifPresent(roll);
            announce();
        } else if (!wasMember) { // else the node is about to end
            former.ifPresent(before -> gather(before, now));
        }
    }

    private void announce() {
        if (!announceTo.isEmpty()) {
            Set<Address> missing = new HashSet<>(announceTo);
            cluster.state().getMembers().forEach(member -> missing.remove(member.address()));
            missing.forEach(node -> tell(node, hello(null)));
        }
    }

    private void gather(ClusterRoll before, long now) {
        before.members().stream()
                .filter(member -> !member.equals(self))
                .forEach(member -> tell(member, hello(context.getSelf())));
        if (now - joinedAt < JOIN_PATIENCE.toNanos()) {
            return;
        }
        Set<Address> members = those(Standing.MEMBER);
        if (!members.isEmpty()) {
            context.getLog().info("This node joins the cluster of {}", members);
            cluster.manager().tell(new JoinSeedNodes(List.copyOf(members)));
            joinedAt = now;
            return;
        }
        Optional<Address> nowFirst = mayBegin ? first(before, now) : Optional.empty();
        if (!nowFirst.equals(first)) {
            first = nowFirst;
            firstSince = now;
        }
        if (first.filter(self::equals).isPresent() && now - firstSince > STABLE.toNanos()) {
            context.getLog()
                    .warn(
                            "All nodes of the cluster were removed, {}: this one begins it again for {}",
                            before.members(),
                            those(Standing.GATHERING));
            cluster.manager().tell(Join.create(self));
            joinedAt = now;
        } else if (now - reportedAt > REPORT_EVERY.toNanos()) {
            reportedAt = now;
            context.getLog()
                    .warn(
                            "This node, which its cluster has removed, has waited {} s for more than half of {}, or for a"
                                    + " cluster that one of them is in; it hears of {}: start the others, or end it",
                            seconds(now - began),
                            before.deciding(),
                            heard.keySet());
        }
    }

    /** Which of the nodes that gather begins the cluster; none when they are too few in the eyes of one of them. */
    private Optional<Address> first(ClusterRoll before, long now) {
        Set<Address> gathering = those(Standing.GATHERING);
        gathering.add(self);
        Set<Address> present = new HashSet<>(gathering);
        heard.forEach((node, said) -> {
            if (said.standing() == Standing.WAITING && now - said.since() > WAITING_COUNTS.toNanos()) {
                present.add(node);
            }
        });
        boolean enough = ClusterRoll.isMajority(before.deciding(), present)
                && heard.values().stream()
                        .filter(said -> said.standing() == Standing.GATHERING)
                        .allMatch(said -> ClusterRoll.isMajority(said.deciding(), present));
        return enough ? before.deciding().stream().filter(gathering::contains).findFirst() : Optional.empty();
    }

    private Set<Address> those(Standing standing) {
        Set<Address> those = new HashSet<>();
        heard.forEach((node, said) -> {
            if (said.standing() == standing) {
                those.add(node);
            }
        });
        return those;
    }

    private static long seconds(long nanos) {
        return Duration.ofNanos(nanos).toSeconds();
    }
}
