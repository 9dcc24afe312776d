package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.PlannedTraining;
import dev.troupe.model.mesh.placement.NodePlace;
import dev.troupe.model.mesh.placement.Placement;
import dev.troupe.model.mesh.placement.PlacementPlanner;
import dev.troupe.model.mesh.placement.RankLoad;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Seats the ranks of a job on nodes, by what those say of where they are. Used by the runner's actor. */
final class SeatPlanner {
    /** Stands for a node that is gone. */
    private static final String NOBODY = "";

    private final MeshJob job;
    private final PlacementPlanner planner;
    private final double bytesOfRank;
    private String why = "";

    SeatPlanner(MeshJob job) {
        this.job = job;
        bytesOfRank =
                PlannedTraining.of(job.mesh()).bytesOfRank(job.config().mesh().offloadsOptimizer());
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
        return new Seating(seats, NodeIdentities.of(nodes));
    }

    /** Whether some node has more ranks than any would have to, on so many nodes. */
    static boolean isUneven(Seating seating, int numNodes) {
        int most = Math.ceilDiv(seating.seats().size(), numNodes);
        return seating.nodes().stream()
                .anyMatch(node -> seating.ranksOf(node.nodeId()).size() > most);
    }

    /**
     * Whether nodes have the memory for their ranks, by the planner's formula.
     *
     * @param nodes that are there, those with ranks among them
     */
    boolean fits(Seating seating, List<Reported> nodes) {
        return nodes.stream()
                .allMatch(node -> seating.ranksOf(node.nodeId()).size() * bytesOfRank <= budget(node, nodes));
    }

    private static double budget(Reported node, List<Reported> nodes) {
        long sharing = nodes.stream()
                .filter(other -> other.endpoint().host().equals(node.endpoint().host()))
                .count();
        return (double) node.traits().memoryBytes() / (node.traits().sharesMemory() ? sharing : 1);
    }

    /** The mesh with the most replicas that nodes have the memory for; none where not even one of them fits. */
    Optional<Mesh> largest(Mesh full, List<Reported> nodes) {
        for (int replicas = full.data(); replicas > 0; replicas--) {
            if (full.data() % replicas == 0) {
                SeatPlanner other = new SeatPlanner(job.with(full.withData(replicas)));
                if (other.fits(other.fresh(nodes), nodes)) {
                    return Optional.of(full.withData(replicas));
                }
            }
        }
        return Optional.empty();
    }

    /** What each rank takes on its node, by the planner's formula. */
    double bytesOfRank() {
        return bytesOfRank;
    }

    /** Why ranks have the seats that they were given last, in words. */
    String why() {
        return why;
    }
}
