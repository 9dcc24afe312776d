package dev.troupe.actors.training.mesh;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.actors.wire.WireMessage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which node runs which rank.
 *
 * @param seats [ranks] the data plane of each rank's node
 */
public record Seating(List<Endpoint> seats) implements WireMessage {
    public Seating {
        seats = List.copyOf(seats);
    }

    /**
     * Seats ranks in order on as many nodes as there are, neighbours together: ranks of a tensor axis, which talk the
     * most, share a node where they can.
     *
     * @param nodes at least one; the first get more where ranks do not divide
     */
    public static Seating fresh(int ranks, List<Endpoint> nodes) {
        List<Endpoint> seats = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            seats.add(nodes.get((int) ((long) rank * Math.min(nodes.size(), ranks) / ranks)));
        }
        return new Seating(seats);
    }

    /**
     * Seats again those whose node is gone, on the nodes with the fewest ranks; the others stay. The mesh is the same,
     * so the numbers are.
     *
     * @param alive nodes that answer, at least one
     */
    public Seating without(List<Endpoint> alive) {
        Map<Endpoint, Integer> load = new HashMap<>();
        alive.forEach(node -> load.put(node, 0));
        seats.forEach(seat -> load.computeIfPresent(seat, (_, count) -> count + 1));
        List<Endpoint> next = new ArrayList<>();
        for (Endpoint seat : seats) {
            Endpoint chosen = load.containsKey(seat)
                    ? seat
                    : alive.stream()
                            .min(Comparator.comparingInt((Endpoint node) -> load.getOrDefault(node, 0))
                                    .thenComparing(Endpoint::nodeId))
                            .orElseThrow(() -> new IllegalArgumentException("no node is alive"));
            if (!chosen.equals(seat)) {
                load.merge(chosen, 1, Integer::sum);
            }
            next.add(chosen);
        }
        return new Seating(next);
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
