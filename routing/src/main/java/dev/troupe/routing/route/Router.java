package dev.troupe.routing.route;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.serving.AnswerThreads;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Knows the replicas of every model and gives each sequence to the least loaded one. A {@link Dispatch} child carries
 * each sequence; the router only places them, so tokens do not pass through it.
 *
 * <p>A replica that vanishes from the receptionist while its node is reachable has deregistered: it drains, and what it
 * has in flight goes on. One whose node is unreachable, or that stopped, is lost: its sequences move at once.
 */
public final class Router {
    /** What may be said to the router, from this node only. */
    public sealed interface Command {}

    /** Asks what is served now: the newest version of each model. */
    public record ListModels(ActorRef<ServedModels> replyTo) implements Command {}

    /** Answer to {@link ListModels}; not ready while nothing is served, or in shutdown. */
    public record ServedModels(List<ServedModel> models, boolean draining) {
        /** Whether requests can be answered now. */
        public boolean ready() {
            return !draining && !models.isEmpty();
        }
    }

    /**
     * Generate one sequence with a replica of {@code model}. Events go to {@code client}; when it is gone, the request
     * is cancelled.
     */
    public record Generate(ModelKey model, GenerationRequest request, Duration deadline, DispatchClient client)
            implements Command {}

    /** Take no more requests; tell {@code replyTo} when those in flight are done. */
    public record Drain(ActorRef<Drained> replyTo) implements Command {}

    /** Answer to {@link Drain}. */
    public record Drained() {}

    /** A sequence looks for a replica; {@code refused} ones have turned it away. */
    record Place(ModelKey model, Set<ActorRef<ReplicaProtocol.Command>> refused, ActorRef<Dispatch.Command> replyTo)
            implements Command {}

    /** {@code open}: reachable and registered; {@code registered}: also those on unreachable nodes. */
    private record Listed(
            Set<ActorRef<ReplicaProtocol.Command>> open, Set<ActorRef<ReplicaProtocol.Command>> registered)
            implements Command {}

    private record Described(
            ActorRef<ReplicaProtocol.Command> replica,
            @Nullable Description description,
            @Nullable Throwable failure) implements Command {}

    private final ActorContext<Command> context;
    private final RoutingConfig config;
    private final ServedNow served;
    private final ReplicaTable<ActorRef<ReplicaProtocol.Command>> table = new ReplicaTable<>();
    /** Every sequence in flight, with whoever waits for its end. */
    private final Map<ActorRef<Dispatch.Command>, DispatchClient> dispatches = new HashMap<>();
    /** Those that have a replica. */
    private final Map<ActorRef<Dispatch.Command>, ActorRef<ReplicaProtocol.Command>> placed = new HashMap<>();
    /** Those that wait for a replica of their model; at most one entry per sequence in flight. */
    private final Map<ActorRef<Dispatch.Command>, Place> waiting = new HashMap<>();

    private final List<ActorRef<Drained>> drainWaiters = new ArrayList<>();
    private boolean draining;

    private Router(ActorContext<Command> context, RoutingConfig config, ServedNow served) {
        this.context = context;
        this.config = config;
        this.served = served;
        sayServed();
    }

    /**
     * A router that finds replicas through the receptionist. One that fails begins anew; answers that have a replica go
     * on meanwhile.
     *
     * @param served is told what they serve
     */
    public static Behavior<Command> create(RoutingConfig config, ServedNow served) {
        Behavior<Command> router = Behaviors.setup(context -> {
            var listings = context.messageAdapter(
                    Receptionist.Listing.class,
                    listing -> new Listed(
                            listing.getServiceInstances(ReplicaProtocol.SERVICE_KEY),
                            listing.getAllServiceInstances(ReplicaProtocol.SERVICE_KEY)));
            context.getSystem().receptionist().tell(Receptionist.subscribe(ReplicaProtocol.SERVICE_KEY, listings));
            return new Router(context, config, served).routing();
        });
        return Behaviors.supervise(router)
                .onFailure(SupervisorStrategy.restart().withStopChildren(false));
    }

    private Behavior<Command> routing() {
        return Behaviors.receive(Command.class)
                .onMessage(Command.class, this::onCommand)
                .onSignal(Terminated.class, this::onTerminated)
                .build();
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case ListModels list -> list.replyTo().tell(served.said());
            case Generate generate -> onGenerate(generate);
            case Place place -> onPlace(place);
            case Listed listed -> onListed(listed);
            case Described described -> onDescribed(described);
            case Drain drain -> onDrain(drain);
        }
        return Behaviors.same();
    }

    private void onGenerate(Generate generate) {
        if (draining) {
            generate.client().tell(new DispatchEvent.Failed(ServedNow.shuttingDown()));
            return;
        }
        if (dispatches.size() >= config.maxInFlight()) {
            generate.client()
                    .tell(new DispatchEvent.Failed(new RequestFailure(
                            Kind.OVERLOADED,
                            "This node already has " + config.maxInFlight()
                                    + " answers in flight. Try again in a moment.")));
            return;
        }
        var first = table.choose(generate.model(), Set.of());
        var child = context.spawnAnonymous(
                Dispatch.create(generate, config.failoverWait(), context.getSelf(), first), AnswerThreads.selector());
        context.watch(child);
        dispatches.put(child, generate.client());
        if (first == null) {
            waiting.put(child, new Place(generate.model(), Set.of(), child));
        } else {
            assign(child, first);
        }
        Metrics.queueLength("router").update(dispatches.size());
    }

    private void onPlace(Place place) {
        var child = place.replyTo();
        if (!dispatches.containsKey(child)) {
            return;
        }
        release(child);
        var chosen = table.choose(place.model(), place.refused());
        if (chosen != null) {
            assign(child, chosen);
            child.tell(new Dispatch.Placed(chosen));
        } else if (place.refused().isEmpty()) {
            waiting.put(child, place);
        } else {
            child.tell(new Dispatch.AllRefused());
        }
    }

    private void assign(ActorRef<Dispatch.Command> child, ActorRef<ReplicaProtocol.Command> replica) {
        placed.put(child, replica);
        table.assign(replica);
    }

    private void release(ActorRef<Dispatch.Command> child) {
        waiting.remove(child);
        var replica = placed.remove(child);
        if (replica != null) {
            table.release(replica);
        }
    }

    private void onListed(Listed listed) {
        for (var replica : listed.open()) {
            if (!table.contains(replica)) {
                context.watch(replica);
                describe(replica);
            }
        }
        table.open(listed.open());
        sayServed();
        listed.registered().stream()
                .filter(replica -> !listed.open().contains(replica))
                .forEach(this::lose);
        placeWaiting();
    }

    private void describe(ActorRef<ReplicaProtocol.Command> replica) {
        context.ask(
                Description.class,
                replica,
                config.describeTimeout(),
                ReplicaProtocol.Describe::new,
                (description, failure) -> new Described(replica, description, failure));
    }

    private void onDescribed(Described described) {
        var replica = described.replica();
        if (described.description() != null) {
            var model = described.description().model();
            table.describe(replica, model);
            sayServed();
            context.getLog().info("{} serves {} version {}", replica.path(), model.modelId(), model.version());
            var other = table.otherwise(model);
            if (other != null) {
                context.getLog()
                        .warn(
                                "Replicas of {} compute it in two ways, so their answers differ and requests go to one"
                                        + " kind only: {} with a context of {}, and {} with {}; give all nodes the"
                                        + " same troupe.serving",
                                model.modelId(),
                                model.arithmetic(),
                                model.contextLength(),
                                other.arithmetic(),
                                other.contextLength());
            }
            placeWaiting();
        } else if (table.isUndescribed(replica)) {
            context.getLog()
                    .warn("{} does not say what it serves ({}); asking again", replica.path(), described.failure());
            describe(replica);
        }
    }

    /** Moves the sequences of a replica that cannot be reached. */
    private void lose(ActorRef<ReplicaProtocol.Command> replica) {
        var orphans = placed.entrySet().stream()
                .filter(e -> e.getValue().equals(replica))
                .map(Map.Entry::getKey)
                .toList();
        if (!orphans.isEmpty()) {
            context.getLog().warn("{} is lost with {} answers in flight", replica.path(), orphans.size());
        }
        for (var child : orphans) {
            placed.remove(child);
            child.tell(new Dispatch.ReplicaLost(replica));
        }
        table.remove(replica);
        sayServed();
    }

    private void sayServed() {
        served.set(new ServedModels(table.models(), draining));
    }

    private void placeWaiting() {
        List.copyOf(waiting.values()).forEach(this::onPlace);
    }

    private void onDrain(Drain drain) {
        draining = true;
        sayServed();
        drainWaiters.add(drain.replyTo());
        tellDrained();
    }

    private void tellDrained() {
        if (draining && dispatches.isEmpty()) {
            drainWaiters.forEach(waiter -> waiter.tell(new Drained()));
            drainWaiters.clear();
        }
    }

    /** The end that a sequence did not come to tell. */
    private void tellFailed(DispatchClient client, Throwable cause) {
        context.getLog().error("A sequence was given up", cause);
        try {
            client.tell(new DispatchEvent.Failed(
                    new RequestFailure(Kind.INTERNAL, "This answer was given up; the error is in the server's log.")));
        } catch (RuntimeException e) { // as it may have been the client that failed: no other sequence is to feel it
            context.getLog().error("Its client cannot be told", e);
        }
    }

    private Behavior<Command> onTerminated(Terminated signal) {
        var ref = signal.getRef();
        ActorRef<Dispatch.Command> child = ref.unsafeUpcast();
        var client = dispatches.remove(child);
        if (client != null) {
            if (signal instanceof ChildFailed failed) {
                tellFailed(client, failed.getCause());
            }
            release(child);
            Metrics.queueLength("router").update(dispatches.size());
            tellDrained();
        } else {
            lose(ref.unsafeUpcast());
        }
        return Behaviors.same();
    }
}
