package dev.troupe.actors.serving.split;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.serving.split.MemberProtocol.Answer;
import dev.troupe.actors.serving.split.MemberProtocol.Built;
import dev.troupe.actors.serving.split.MemberProtocol.Lost;
import dev.troupe.model.parallel.CommunicationException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The leader's ear in one epoch: hears what nodes with members say, and that one of them is gone. */
final class EpochWatch {
    /** What it hears. */
    sealed interface Command {}

    /** A node has said something. */
    private record Said(Answer answer) implements Command {}

    /** Nodes came or went; one that is out of reach is there until the cluster removes it, for it may only be slow. */
    private record Listed(Set<ActorRef<MemberProtocol.Command>> registered) implements Command {}

    /** The epoch is over. */
    record Stop() implements Command {}

    /**
     * A node's part in an epoch.
     *
     * @param members numbers of those on it
     * @param built gets the version of the weights that it has
     */
    record Order(
            String nodeId,
            ActorRef<MemberProtocol.Command> node,
            List<Integer> members,
            CompletableFuture<String> built) {
        Order {
            members = List.copyOf(members);
        }
    }

    private EpochWatch() {}

    /**
     * Orders, and listens until it is stopped, when it dismisses the nodes.
     *
     * @param lost is told why the epoch is of no use any more, maybe more than once
     */
    static Behavior<Command> create(MemberJob job, List<Order> orders, Consumer<String> lost) {
        return Behaviors.setup(context -> {
            ActorRef<Receptionist.Listing> listings = context.messageAdapter(
                    Receptionist.Listing.class,
                    listing -> new Listed(Set.copyOf(listing.getAllServiceInstances(MemberNode.KEY))));
            context.getSystem().receptionist().tell(Receptionist.subscribe(MemberNode.KEY, listings));
            ActorRef<Answer> answers = context.messageAdapter(Answer.class, Said::new);
            orders.forEach(order -> order.node().tell(new MemberProtocol.Build(job, order.members(), answers)));
            return Behaviors.receiveMessage(command -> switch (command) {
                case Said(Built(String epoch, String nodeId, String version)) -> {
                    orders.stream()
                            .filter(order -> order.nodeId().equals(nodeId))
                            .forEach(order -> order.built().complete(version));
                    yield Behaviors.same();
                }
                case Said(Lost(String epoch, String nodeId, String message)) -> {
                    String reason = nodeId + " says: " + message;
                    orders.stream()
                            .filter(order -> order.nodeId().equals(nodeId))
                            .forEach(order -> order.built().completeExceptionally(new CommunicationException(reason)));
                    lost.accept(reason);
                    yield Behaviors.same();
                }
                case Listed(Set<ActorRef<MemberProtocol.Command>> registered) -> {
                    orders.stream()
                            .filter(order -> !registered.contains(order.node()))
                            .forEach(order -> lost.accept(order.nodeId() + " has left the cluster"));
                    yield Behaviors.same();
                }
                case Stop() -> {
                    orders.forEach(order -> order.node().tell(new MemberProtocol.Leave(job.epoch())));
                    yield Behaviors.stopped();
                }
            });
        });
    }
}
