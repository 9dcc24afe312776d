package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.TrainingConfig.MeshSection;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.model.mesh.Mesh;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is to be done with a run's ranks, by the nodes that there are: seat them, wait for nodes, or go on with another
 * mesh. Used by the runner's actor.
 */
final class SeatPolicy {
    /** What is to be done. */
    sealed interface Verdict {}

    /** Seat ranks like this. */
    record Seat(Seating seating) implements Verdict {}

    /**
     * Ask again a little later.
     *
     * @param isPatient whether that may take as long as it likes
     */
    record Wait(String what, boolean isPatient) implements Verdict {}

    /** Go on with another mesh. */
    record Reshape(Mesh mesh, String cause) implements Verdict {}

    private final Mesh mesh;
    private final Mesh full;
    private final int nodesWanted;
    private final Duration replacementWait;
    private final NodeFailures failures;
    private final SeatPlanner planner;
    private Mesh offered;
    private List<String> considered = List.of(); // names of the nodes that were looked at for a larger mesh

    SeatPolicy(MeshJob job, MeshStart start, NodeFailures failures) {
        MeshSection config = job.config().mesh();
        Mesh wanted = start.full();
        this.mesh = job.mesh().mesh();
        this.full = wanted == null ? mesh : wanted;
        this.offered = mesh;
        this.nodesWanted = Math.min(config.nodes(), mesh.ranks());
        this.replacementWait = config.replacementWait();
        this.failures = failures;
        this.planner = new SeatPlanner(job);
    }

    /**
     * For ranks that have no seats yet, or lost some.
     *
     * @param secondsLost since that was noticed
     */
    Verdict decide(TrainerSurvey survey, MeshSeats seats, double secondsLost, long nowMillis) {
        Seating before = seats.seating();
        List<Reported> alive = survey.alive();
        if (alive.size() < (before == null ? nodesWanted : 1) || !survey.mayGoOn(before, seats.nodes())) {
            return new Wait("there are " + alive.size() + " trainer nodes; waiting for more", before == null);
        }
        if (before == null) {
            return new Seat(planner.fresh(alive));
        }
        List<Reported> usable = usable(alive, nowMillis);
        Seating next = isOfThisMesh(before) ? planner.again(before, usable) : planner.fresh(usable);
        if (planner.fits(next, usable)) {
            return new Seat(next);
        }
        String what = usable.size() + " nodes have not the memory for the ranks of " + mesh;
        Optional<Mesh> smaller = secondsLost < replacementWait.toSeconds()
                ? Optional.empty()
                : planner.largest(full, usable).filter(other -> other.data() < mesh.data());
        return smaller.<Verdict>map(other -> new Reshape(other, what)).orElseGet(() -> new Wait(what, true));
    }

    private List<Reported> usable(List<Reported> alive, long nowMillis) {
        Map<String, String> identities = NodeIdentities.of(alive);
        return failures.usable(alive, node -> identities.getOrDefault(node.nodeId(), node.nodeId()), nowMillis);
    }

    private boolean isOfThisMesh(Seating seating) {
        return seating.seats().size() == mesh.ranks();
    }

    /**
     * For ranks that have seats, when nodes may have come: other seats, or a larger mesh, which is offered once.
     * Nothing when all is well.
     */
    Optional<Verdict> improve(TrainerSurvey survey, Seating now, long nowMillis) {
        List<Reported> usable = usable(survey.alive(), nowMillis);
        if (usable.isEmpty()) {
            return Optional.empty();
        }
        List<String> names = usable.stream().map(Reported::nodeId).toList();
        if (offered.data() < full.data() && !names.equals(considered)) {
            considered = names;
            Optional<Mesh> larger = planner.largest(full, usable).filter(other -> other.data() > offered.data());
            if (larger.isPresent()) {
                offered = larger.get();
                return Optional.of(new Reshape(offered, usable.size() + " nodes have the memory for it"));
            }
        }
        return SeatPlanner.isUneven(now, usable.size())
                ? Optional.of(new Wait("nodes have come that take ranks from others", false))
                : Optional.empty();
    }

    /** Why ranks have the seats that they were given last, in words. */
    String why() {
        return planner.why();
    }
}
