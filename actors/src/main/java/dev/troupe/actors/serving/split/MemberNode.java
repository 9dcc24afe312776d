package dev.troupe.actors.serving.split;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import akka.cluster.ClusterEvent.MemberRemoved;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Subscribe;
import dev.troupe.actors.Failures;
import dev.troupe.actors.serving.engine.ServingMemory;
import dev.troupe.actors.serving.split.MemberProtocol.Answer;
import dev.troupe.actors.serving.split.MemberProtocol.Build;
import dev.troupe.actors.serving.split.MemberProtocol.Built;
import dev.troupe.actors.serving.split.MemberProtocol.Command;
import dev.troupe.actors.serving.split.MemberProtocol.Leave;
import dev.troupe.actors.serving.split.MemberProtocol.Lost;
import dev.troupe.actors.serving.split.MemberProtocol.Report;
import dev.troupe.actors.serving.split.MemberProtocol.Reported;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A node's readiness to hold members of a replica that another node leads, of one at a time. It decides nothing. It is
 * found under {@link #KEY}.
 */
public final class MemberNode {
    /** Where such nodes register. */
    public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "replica-members");

    private record Freed(Build next) implements Command {}

    private record BuildEnded(
            Build order, @Nullable String version, @Nullable Throwable failure) implements Command {}

    private record ServiceEnded(Build order, @Nullable Throwable failure) implements Command {}

    private record NodeGone(String address) implements Command {}

    private final ActorContext<Command> context;
    private final DataPlane plane;
    private final Optional<Path> model;
    private final ComputeThreads threads;
    private final ServingMemory memory;
    private final Executor blocking;
    private @Nullable NodeMembers members;
    private CompletableFuture<Void> freed = CompletableFuture.completedFuture(null);

    private MemberNode(
            ActorContext<Command> context,
            DataPlane plane,
            Optional<Path> model,
            ComputeThreads threads,
            ServingMemory memory) {
        this.context = context;
        this.plane = plane;
        this.model = model;
        this.threads = threads;
        this.memory = memory;
        this.blocking =
                context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig("troupe.dispatchers.blocking"));
    }

    /**
     * A node whose members exchange activations through this data plane, which stays open.
     *
     * @param model where the model lies on this node; empty for the same path as on the leader's
     * @param threads that compute
     * @param memory for weights and cache
     */
    public static Behavior<Command> create(
            DataPlane plane, Optional<Path> model, ComputeThreads threads, ServingMemory memory) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
            Cluster.get(context.getSystem())
                    .subscriptions()
                    .tell(Subscribe.create(
                            context.messageAdapter(
                                    MemberRemoved.class,
                                    removed -> new NodeGone(
                                            removed.member().address().hostPort())),
                            MemberRemoved.class));
            MemberNode node = new MemberNode(context, plane, model, threads, memory);
            return Behaviors.receive(Command.class)
                    .onAnyMessage(node::onCommand)
                    .onSignal(PostStop.class, _ -> {
                        node.end();
                        return Behaviors.same();
                    })
                    .build();
        });
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Report(ActorRef<Reported> replyTo) ->
                replyTo.tell(new Reported(
                        plane.endpoint(),
                        members == null ? null : MemberJob.replicaOf(members.epoch()),
                        context.getSelf()));
            case Build order -> onBuild(order);
            case Freed(Build next) -> begin(next);
            case BuildEnded ended -> onBuilt(ended);
            case ServiceEnded ended -> onServiceEnded(ended);
            case Leave(String epoch) -> {
                if (isCurrent(epoch)) {
                    end();
                }
            }
            case NodeGone(String address) -> {
                if (members != null && members.leader().equals(address)) {
                    context.getLog().warn("the leader of a replica, {}, has left the cluster", address);
                    end();
                }
            }
            default -> throw new IllegalArgumentException("not a command of a node with members: " + command);
        }
        return Behaviors.same();
    }

    private boolean isCurrent(String epoch) {
        return members != null && members.epoch().equals(epoch);
    }

    private void onBuild(Build order) {
        String replica = MemberJob.replicaOf(order.job().epoch());
        if (members != null && !MemberJob.replicaOf(members.epoch()).equals(replica)) {
            order.replyTo().tell(lost(order, "it holds members of another replica"));
            return;
        }
        end();
        members = new NodeMembers(order.job(), order.members(), plane);
        context.pipeToSelf(freed, (_, _) -> new Freed(order));
    }

    private void begin(Build order) {
        NodeMembers building = members;
        if (building == null || !isCurrent(order.job().epoch())) {
            order.replyTo().tell(lost(order, "another epoch began meanwhile"));
            return;
        }
        Path file = model.orElseGet(() -> Path.of(order.job().model()));
        context.pipeToSelf(
                building.build(file, threads, memory, blocking),
                (version, failure) -> new BuildEnded(order, version, failure));
    }

    private void onBuilt(BuildEnded ended) {
        Build order = ended.order();
        NodeMembers built = members;
        String version = ended.version();
        if (built == null || !isCurrent(order.job().epoch())) {
            order.replyTo().tell(lost(order, "the epoch ended before its members were built"));
        } else if (version == null) {
            context.getLog().warn("members of a replica could not be built: {}", message(ended.failure()));
            end();
            order.replyTo().tell(lost(order, message(ended.failure())));
        } else {
            context.getLog().info("holds members {} of a replica led by {}", order.members(), built.leader());
            context.pipeToSelf(built.serve(), (_, failure) -> new ServiceEnded(order, failure));
            order.replyTo().tell(new Built(order.job().epoch(), nodeId(), version));
        }
    }

    private void onServiceEnded(ServiceEnded ended) {
        Build order = ended.order();
        if (!isCurrent(order.job().epoch())) {
            return; // it was ended here, and that was told
        }
        Throwable failure = ended.failure();
        if (failure == null) {
            context.getLog().info("the leader of a replica has ended it");
        } else {
            context.getLog().warn("a replica has lost a member: {}", message(failure));
            order.replyTo().tell(lost(order, message(failure)));
        }
        end();
    }

    private void end() {
        NodeMembers ending = members;
        members = null;
        if (ending != null) {
            // An epoch that has built nothing yet has nothing to free, and may follow one that is still at it.
            freed = CompletableFuture.allOf(freed, ending.end());
        }
    }

    private Answer lost(Build order, String message) {
        return new Lost(order.job().epoch(), nodeId(), message);
    }

    private String nodeId() {
        return plane.endpoint().nodeId();
    }

    private static String message(@Nullable Throwable failure) {
        if (failure == null) {
            return "";
        }
        Throwable cause = Failures.cause(failure);
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }
}
