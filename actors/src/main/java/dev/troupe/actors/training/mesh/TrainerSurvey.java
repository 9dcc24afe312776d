package dev.troupe.actors.training.mesh;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCopies;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.ZeroStage;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which trainer nodes a runner can reach, and what they say they have. Used by the runner's actor. */
final class TrainerSurvey {
    private final ActorRef<Reported> replies;
    private Set<ActorRef<TrainerProtocol.Command>> reachable = Set.of();
    private Set<ActorRef<TrainerProtocol.Command>> members = Set.of();
    private final Map<String, Reported> reported = new HashMap<>(); // since begin

    TrainerSurvey(ActorRef<Reported> replies) {
        this.replies = replies;
    }

    /**
     * Nodes came or went.
     *
     * @param all those out of reach, too, as long as the cluster has not removed them
     */
    void found(Set<ActorRef<TrainerProtocol.Command>> nowReachable, Set<ActorRef<TrainerProtocol.Command>> all) {
        reachable = Set.copyOf(nowReachable);
        members = Set.copyOf(all);
    }

    /** Forgets what was said, and asks. */
    void begin() {
        reported.clear();
        ask();
    }

    /** Asks all. */
    void ask() {
        reachable.forEach(node -> node.tell(new TrainerProtocol.Report(replies)));
    }

    void add(Reported report) {
        reported.put(report.endpoint().nodeId(), report);
    }

    /** Whether nobody is waited for. */
    boolean isComplete(@Nullable Seating seating) {
        return missing(seating).isEmpty()
                && reachable.stream()
                        .allMatch(node -> reported.values().stream()
                                .anyMatch(known -> known.node().equals(node)));
    }

    /** Names of nodes with a seat that have said nothing. */
    List<String> missing(@Nullable Seating seating) {
        return seating == null
                ? List.of()
                : seating.nodes().stream()
                        .map(Endpoint::nodeId)
                        .filter(node -> !reported.containsKey(node))
                        .toList();
    }

    /** Names of those of {@code nodes} that cannot be reached. */
    List<String> outOfReach(Map<String, ActorRef<TrainerProtocol.Command>> nodes) {
        return nodes.entrySet().stream()
                .filter(node -> !reachable.contains(node.getValue()))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /**
     * Whether the nodes that have said something may go on: all with a seat have, or more than half of them, or the
     * cluster has removed the others.
     */
    boolean mayGoOn(@Nullable Seating seating, Map<String, ActorRef<TrainerProtocol.Command>> nodes) {
        List<String> missing = missing(seating);
        if (seating == null || missing.isEmpty()) {
            return true;
        }
        int seated = seating.nodes().size();
        return missing.stream().allMatch(node -> !members.contains(nodes.get(node)))
                || 2 * (seated - missing.size()) > seated;
    }

    /** Who has said something, by name. */
    List<Endpoint> alive() {
        return reported.values().stream()
                .map(Reported::endpoint)
                .sorted(Comparator.comparing(Endpoint::nodeId))
                .toList();
    }

    /**
     * Copies in memory of all states of the same step.
     *
     * @param earliest step that is of use
     * @param latest step that is of use
     */
    Optional<FromCopies> copies(String runId, MeshSettings settings, Seating next, long earliest, long latest) {
        ZeroStage zero = settings.mesh().data() == 1 ? ZeroStage.NONE : settings.zero();
        return RecoveryPlan.of(settings.mesh(), zero, next, ofRun(runId), latest)
                .filter(plan -> plan.step() >= earliest)
                .map(plan -> new FromCopies(plan.step(), plan.holders()));
    }

    /** Ends a run on those who have something of it. */
    void dismiss(String runId) {
        ofRun(runId).forEach(report -> report.node().tell(new TrainerProtocol.Leave(runId)));
    }

    private List<Reported> ofRun(String runId) {
        return reported.values().stream()
                .filter(report -> runId.equals(report.runId()))
                .toList();
    }

    /** What a node has said. */
    @Nullable Reported of(Endpoint node) {
        return reported.get(node.nodeId());
    }

    /** The latest epoch that any of them was told of. */
    long latestEpoch() {
        return reported.values().stream().mapToLong(Reported::epoch).max().orElse(0);
    }
}
