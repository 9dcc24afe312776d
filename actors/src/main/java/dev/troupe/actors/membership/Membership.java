package dev.troupe.actors.membership;

import akka.actor.Address;
import akka.actor.AddressFromURIString;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import akka.cluster.typed.JoinSeedNodes;
import dev.troupe.actors.wire.WireMessage;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A node's view of its cluster. While it is a member, it keeps the roll of the others. A node that the cluster has
 * removed, and that begins again, is given that roll and looks for the others until it is a member:
 *
 * <ul>
 *   <li>when one of them is a member of a cluster, it joins that;
 *   <li>when all that it hears of look for each other, because a split-brain resolver has ended all nodes, and they are
 *       a majority of the roll for {@link #STABLE}, the first of them begins a cluster that the others join. A node
 *       that is cut off is in no majority, so it waits until it can reach the others.
 * </ul>
 *
 * Nodes ask each other outside of any cluster, so that a message may reach nobody.
 */
public final class Membership {
    /** The name of the actor below the guardian, by which others find it. */
    public static final String NAME = "membership";

    /** What it may be told. */
    public sealed interface Command {}

    /** Where a node stands. */
    enum Standing {
        /** Up in a cluster. */
        MEMBER,
        /** Removed from its cluster, it looks for the others. */
        GATHERING,
        /** It joins as its configuration says, and begins nothing on its own. */
        JOINING
    }

    /** Asks where the node stands. */
    record Ask(ActorRef<Command> replyTo) implements Command, WireMessage {}

    /**
     * The answer.
     *
     * @param address of the node
     */
    record Answer(String address, Standing standing) implements Command, WireMessage {}

    private record Tick() implements Command {}

    private static final Duration INTERVAL = Duration.ofMillis(500);
    /** An answer that is older says nothing any more. */
    private static final Duration FRESH = Duration.ofMillis(1800);

    private static final Duration STABLE = Duration.ofSeconds(3);
    /** A node that joins is let in within seconds, unless the one that it asked is lost. */
    private static final Duration JOIN_PATIENCE = Duration.ofSeconds(8);

    private static final Duration REPORT_EVERY = Duration.ofSeconds(30);
    private static final String DECIDING_ROLE = "akka.cluster.split-brain-resolver.keep-majority.role";

    private record Heard(Standing standing, long nanos) {}

    private final ActorContext<Command> context;
    private final Cluster cluster;
    private final Address self;
    private final String role;
    private final Optional<ClusterRoll> former;
    private final List<Address> others;
    private final Consumer<ClusterRoll> roll;
    private final Map<Address, Heard> heard = new HashMap<>();
    private final long began = System.nanoTime();
    private Optional<Address> first = Optional.empty(); // who begins, as it seems now
    private long firstSince;
    private long joinedAt = began - JOIN_PATIENCE.toNanos();
    private long reportedAt = began;
    private boolean isMember;

    private Membership(ActorContext<Command> context, Optional<ClusterRoll> former, Consumer<ClusterRoll> roll) {
        this.context = context;
        this.cluster = Cluster.get(context.getSystem());
        this.self = cluster.selfMember().address();
        this.role = context.getSystem().settings().config().getString(DECIDING_ROLE);
        this.former = former;
        this.others = former.map(ClusterRoll::members).orElse(List.of()).stream()
                .filter(member -> !member.equals(self))
                .toList();
        this.roll = roll;
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
            case Ask(ActorRef<Command> replyTo) -> replyTo.tell(new Answer(self.toString(), standing()));
            case Answer(String address, Standing standing) ->
                heard.put(AddressFromURIString.parse(address), new Heard(standing, System.nanoTime()));
            case Tick _ -> onTick();
        }
        return Behaviors.same();
    }

    private Standing standing() {
        if (isUp()) {
            return Standing.MEMBER;
        }
        return former.isPresent() && !isMember ? Standing.GATHERING : Standing.JOINING;
    }

    private boolean isUp() {
        return cluster.selfMember().status().equals(MemberStatus.up());
    }

    private void onTick() {
        if (isUp()) {
            if (!isMember && former.isPresent()) {
                context.getLog().info("This node is a member of a cluster again, after {}", since(began));
            }
            isMember = true;
            ClusterRoll.of(cluster.state(), role).ifPresent(roll);
        } else if (!isMember) { // else the node is about to end
            former.ifPresent(this::gather);
        }
    }

    private void gather(ClusterRoll before) {
        for (Address other : others) {
            Adapter.toClassic(context)
                    .actorSelection(other + "/user/" + NAME)
                    .tell(new Ask(context.getSelf()), Adapter.toClassic(context.getSelf()));
        }
        long now = System.nanoTime();
        heard.values().removeIf(answer -> now - answer.nanos() > FRESH.toNanos());
        Set<Address> members = those(Standing.MEMBER);
        Set<Address> present = those(Standing.GATHERING);
        present.add(self);
        if (now - joinedAt < JOIN_PATIENCE.toNanos()) {
            return;
        }
        if (!members.isEmpty()) {
            context.getLog().info("This node joins the cluster of {}", members);
            cluster.manager().tell(new JoinSeedNodes(List.copyOf(members)));
            joinedAt = now;
            return;
        }
        Optional<Address> nowFirst = before.firstOf(present);
        if (!nowFirst.equals(first)) {
            first = nowFirst;
            firstSince = now;
        }
        if (first.filter(self::equals).isPresent() && now - firstSince > STABLE.toNanos()) {
            context.getLog()
                    .warn(
                            "All nodes of the cluster were removed: this one begins a cluster for the {} of {} that are there",
                            present.size(),
                            before.members().size());
            cluster.manager().tell(Join.create(self));
            joinedAt = now;
        } else if (now - reportedAt > REPORT_EVERY.toNanos()) {
            reportedAt = now;
            context.getLog()
                    .warn(
                            "This node, which its cluster has removed, has waited {} for a majority of {}, or a cluster that one of"
                                    + " them is in; it hears of {}",
                            since(began),
                            before.deciding(),
                            present);
        }
    }

    private Set<Address> those(Standing standing) {
        Set<Address> those = new HashSet<>();
        heard.forEach((node, answer) -> {
            if (answer.standing() == standing) {
                those.add(node);
            }
        });
        return those;
    }

    private static String since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos).toSeconds() + " s";
    }
}
