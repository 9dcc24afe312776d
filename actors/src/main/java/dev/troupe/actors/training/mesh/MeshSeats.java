package dev.troupe.actors.training.mesh;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCopies;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.training.mesh.TrainerProtocol.Start;
import dev.troupe.actors.transport.Endpoint;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The nodes of a runner's present epoch. Used by the runner's actor. */
final class MeshSeats {
    private final Map<String, ActorRef<TrainerProtocol.Command>> nodes = new HashMap<>();
    private @Nullable Seating seating;
    private long epoch;

    MeshSeats(MeshStart start) {
        seating = start.seating();
        epoch = start.fence();
    }

    /**
     * Begins an epoch, later than all that nodes have seen.
     *
     * @param start may need nodes that get no rank
     */
    void seat(Seating next, Start start, TrainerSurvey survey) {
        epoch = Math.max(epoch, survey.latestEpoch()) + 1;
        seating = next;
        nodes.clear();
        Set<Endpoint> needed = new HashSet<>(next.nodes());
        if (start instanceof FromCopies copies) {
            needed.addAll(copies.holders());
        }
        for (Endpoint node : needed) {
            Reported report = survey.of(node);
            if (report != null) {
                nodes.put(node.nodeId(), report.node());
            }
        }
    }

    long epoch() {
        return epoch;
    }

    /** Null before the first epoch. */
    @Nullable Seating seating() {
        return seating;
    }

    /** Nodes by name, with and without ranks. */
    Map<String, ActorRef<TrainerProtocol.Command>> nodes() {
        return nodes;
    }

    /** Names of the nodes that have ranks. */
    List<String> names() {
        Seating current = seating;
        return current == null
                ? List.of()
                : current.nodes().stream().map(Endpoint::nodeId).toList();
    }

    /** Tells all nodes. */
    void tellAll(TrainerProtocol.Command order) {
        nodes.values().forEach(node -> node.tell(order));
    }

    /** Tells the nodes that have ranks. */
    void tell(TrainerProtocol.Command order) {
        for (String name : names()) {
            ActorRef<TrainerProtocol.Command> node = nodes.get(name);
            if (node != null) {
                node.tell(order);
            }
        }
    }
}
