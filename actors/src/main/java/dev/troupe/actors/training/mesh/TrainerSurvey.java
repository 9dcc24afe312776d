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
import java.util.stream.Collectors;
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
        reported.values().removeIf(report -> !members.contains(report.node()));
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

    /** Asks those that have not said anything yet. */
    void askOthers() {
        Set<ActorRef<TrainerProtocol.Command>> heard = heard();
        reachable.stream()
                .filter(node -> !heard.contains(node))
                .forEach(node -> node.tell(new TrainerProtocol.Report(replies)));
    }

    private Set<ActorRef<TrainerProtocol.Command>> heard() {
        return reported.values().stream().map(Reported::node).collect(Collectors.toSet());
    }

    void add(Reported report) {
        reported.put(report.endpoint().nodeId(), report);
    }

    /** Whether nobody is waited for: all that can be reached have said something, and at least one has. */
    boolean isComplete() {
        Set<ActorRef<TrainerProtocol.Command>> heard = heard();
        return !heard.isEmpty() && heard.containsAll(reachable);
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
     * Whether the nodes that have said something may go on: all with a seat have, or the cluster has removed the
     * others, or more than half of its trainer nodes have. Else the others might go on, too; they could not disturb,
     * but one of both would work for nothing.
     */
    boolean mayGoOn(@Nullable Seating seating, Map<String, ActorRef<TrainerProtocol.Command>> nodes) {
        List<String> missing = missing(seating);
        return missing.isEmpty()
                || missing.stream().map(nodes::get).allMatch(node -> node == null || !members.contains(node))
                || 2 * reported.size() > members.size();
    }

    /** Who has said something, by name. */
    List<Reported> alive() {
        return reported.values().stream()
                .sorted(Comparator.comparing(Reported::nodeId))
                .toList();
    }

    /**
     * Copies in memory of all states of the same step.
     *
     * @param earliest step that is of use
     * @param latest step that is of use
     */
    Optional<FromCopies> copies(MeshJob job, MeshSettings settings, Seating next, long earliest, long latest) {
        List<Reported> ofJob = ofRun(job.runId()).stream()
                .filter(report -> report.attempt() == job.attempt()) // else of steps that were taken back
                .toList();
        ZeroStage zero = settings.mesh().data() == 1 ? ZeroStage.NONE : settings.zero();
        return RecoveryPlan.of(settings.mesh(), zero, next, ofJob, latest)
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
