package dev.troupe.actors.training.mesh;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.actors.wire.WireMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Which node runs which rank; {@link SeatPlanner} decides it.
 *
 * @param seats [ranks] the data plane of each rank's node
 * @param identities of nodes by their names ({@link NodeTraits#identity}), where they have others
 */
public record Seating(List<Endpoint> seats, Map<String, String> identities) implements WireMessage {
    @SuppressWarnings("ConstantValue") // null in decisions of earlier versions
    public Seating {
        seats = List.copyOf(seats);
        identities = identities == null ? Map.of() : Map.copyOf(identities);
    }

    /** Of nodes that are known by their names. */
    public Seating(List<Endpoint> seats) {
        this(seats, Map.of());
    }

    /** By what a node is known. */
    String identityOf(String nodeId) {
        return identities.getOrDefault(nodeId, nodeId);
    }

    /** The node of a rank. */
    public Endpoint of(int rank) {
        return seats.get(rank);
    }

    /** Ranks of a node. */
    public List<Integer> ranksOf(String nodeId) {
        List<Integer> ranks = new ArrayList<>();
        for (int rank = 0; rank < seats.size(); rank++) {
            if (seats.get(rank).nodeId().equals(nodeId)) {
                ranks.add(rank);
            }
        }
        return List.copyOf(ranks);
    }

    /** How many ranks run on a machine: on all nodes that are reached at this address. */
    public int ranksOn(String host) {
        return Math.toIntExact(
                seats.stream().filter(seat -> seat.host().equals(host)).count());
    }

    /** Nodes that have ranks, in order of their first. */
    @JsonIgnore
    public List<Endpoint> nodes() {
        return seats.stream().distinct().toList();
    }

    /** The node that keeps a copy of a rank's state: the next one; its own where there is no other. */
    public Endpoint keeperOf(int rank) {
        List<Endpoint> nodes = nodes();
        return nodes.get((nodes.indexOf(of(rank)) + 1) % nodes.size());
    }
}
