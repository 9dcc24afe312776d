package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.placement.NodePlace;
import dev.troupe.model.mesh.placement.Placement;
import dev.troupe.model.mesh.placement.PlacementPlanner;
import dev.troupe.model.mesh.placement.RankLoad;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Seats the ranks of a job on nodes, by what those say of where they are. Used by the runner's actor. */
final class SeatPlanner {
    /** Stands for a node that is gone. */
    private static final String NOBODY = "";

    private final PlacementPlanner planner;
    private String why = "";

    SeatPlanner(MeshJob job) {
        planner = new PlacementPlanner(
                job.mesh().mesh(),
                RankLoad.of(job.mesh(), job.config().train().threads().wanted()),
                job.config().mesh().links());
    }

    /** Seats all ranks. */
    Seating fresh(List<Reported> nodes) {
        return seating(planner.fresh(places(nodes)), nodes);
    }

    /**
     * Seats those whose node is gone; the others stay. The mesh is the same, so the numbers are.
     *
     * @param nodes that answer, at least one
     */
    Seating again(Seating before, List<Reported> nodes) {
        List<Endpoint> alive = nodes.stream().map(Reported::endpoint).toList();
        List<String> names = before.seats().stream()
                .map(seat -> alive.contains(seat) ? seat.nodeId() : NOBODY)
                .toList();
        return seating(planner.again(places(nodes), names), nodes);
    }

    private static List<NodePlace> places(List<Reported> nodes) {
        return nodes.stream()
                .map(node -> new NodePlace(
                        node.nodeId(),
                        node.endpoint().host(),
                        node.traits().zone(),
                        node.traits().processors()))
                .toList();
    }

    private Seating seating(Placement placement, List<Reported> nodes) {
        why = placement.why();
        Map<String, Endpoint> endpoints = new HashMap<>();
        nodes.forEach(node -> endpoints.put(node.nodeId(), node.endpoint()));
        List<Endpoint> seats = new ArrayList<>();
        for (String node : placement.nodes()) {
            seats.add(Objects.requireNonNull(endpoints.get(node)));
        }
        return new Seating(seats);
    }

    /** Why ranks have the seats that they were given last, in words. */
    String why() {
        return why;
    }
}
