package dev.troupe.actors.training.cluster;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.TrainingCoordinator;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.mesh.NodeFailure;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.training.mesh.TrainerProtocol.LedRun;
import dev.troupe.actors.training.mesh.TrainerProtocol.Recalled;
import dev.troupe.actors.training.mesh.TrainerProtocol.RecalledStep;
import dev.troupe.actors.training.run.Decision;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.actors.training.run.DecisionLog.History;
import dev.troupe.actors.training.run.Lead;
import dev.troupe.actors.training.run.RunSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A term of leading a run. What is static, and {@link #prepare}, {@link #end}, block on the disk and are for another
 * thread; the rest is used by one actor.
 */
final class RunTerm {
    private static final Logger LOG = LoggerFactory.getLogger(RunTerm.class);

    private final RunSpec run;
    private final DecisionLog decisions;
    private final boolean takesOver;
    private final Set<ActorRef<TrainerProtocol.Command>> following = new HashSet<>();
    private final List<RecalledStep> recalled = new ArrayList<>();
    private @Nullable ActorRef<TrainingCoordinator.Command> coordinator;
    private boolean ending;

    private RunTerm(RunSpec run, DecisionLog decisions, boolean takesOver) {
        this.run = run;
        this.decisions = decisions;
        this.takesOver = takesOver;
    }

    /** What comes of looking at a run's directory. */
    sealed interface Look {}

    /** A term was begun. */
    record ToLead(RunTerm term) implements Look {}

    /**
     * There is nothing to lead.
     *
     * @param end what the run ended with; null when it is no run of a cluster
     */
    record IsOver(@Nullable TrainingEvent end) implements Look {}

    /**
     * Looks at a directory that the nodes know of.
     *
     * @param terms that nodes have heard of
     */
    static Look takeOver(LedRun led, long terms) {
        Optional<History> history = DecisionLog.latest(Path.of(led.directory()));
        RunSpec run = history.map(it -> it.led().run()).orElse(null);
        if (run == null) {
            return new IsOver(null);
        }
        Decision.Ended ended = history.orElseThrow().ended();
        return ended != null
                ? new IsOver(event(led.runId(), ended))
                : new ToLead(new RunTerm(run, DecisionLog.begin(directory(run), terms), true));
    }

    /** Looks at a run that somebody wants. */
    static Look begin(RunSpec wanted, long terms) {
        RunSpec run = DecisionLog.latest(directory(wanted))
                .map(history -> history.led().run())
                .orElse(null);
        return run != null && run.attempt().equals(wanted.attempt())
                ? takeOver(led(wanted), terms)
                : new ToLead(new RunTerm(wanted, DecisionLog.begin(directory(wanted), terms), false));
    }

    private static LedRun led(RunSpec run) {
        return new LedRun(run.runId(), run.directory());
    }

    /** The run, as nodes know it. */
    LedRun led() {
        return led(run);
    }

    private static Path directory(RunSpec run) {
        return Path.of(run.directory());
    }

    private static TrainingEvent event(String runId, Decision.Ended ended) {
        return ended.summary() != null
                ? new TrainingEvent.Completed(runId, ended.summary())
                : new TrainingEvent.Failed(runId, String.valueOf(ended.failure()));
    }

    /** What a coordinator begins with. */
    record Prepared(TrainingSetup setup, Lead lead) {}

    /** Records that this node leads the run, and reads what was decided before: nobody decides anything meanwhile. */
    Prepared prepare(String node) {
        Optional<History> before = takesOver ? DecisionLog.latest(directory(run)) : Optional.empty();
        TrainingSetup setup = run.open();
        decisions.append(new Decision.Led(node, run));
        Decision.Seated seated = before.map(History::seated).orElse(null);
        if (seated != null) {
            decisions.append(seated);
        }
        List<NodeFailure> failures = before.map(History::failures).orElse(List.of());
        failures.forEach(failure -> decisions.append(new Decision.NodeFailed(failure)));
        return new Prepared(
                takesOver ? setup.resumed() : setup,
                new Lead(decisions, takesOver, seated == null ? null : seated.seating(), failures, recalled));
    }

    /** Records the end. Whether it is the run's, because nobody else leads it. */
    boolean end(TrainingEvent event) {
        if (!decisions.isLatest()) {
            return false;
        }
        decisions.append(
                event instanceof TrainingEvent.Completed completed
                        ? new Decision.Ended(completed.summary(), null)
                        : new Decision.Ended(
                                null, event instanceof TrainingEvent.Failed failed ? failed.message() : null));
        return true;
    }

    RunSpec run() {
        return run;
    }

    boolean takesOver() {
        return takesOver;
    }

    long number() {
        return decisions.term();
    }

    /** Has a node refuse the orders of coordinators before. */
    TrainerProtocol.Follow follow(ActorRef<Recalled> answers) {
        return new TrainerProtocol.Follow(led(), decisions.fence(), answers);
    }

    /** A node follows. */
    void follows(Recalled answer) {
        if (answer.fence() == decisions.fence() && following.add(answer.node())) {
            recalled.addAll(answer.steps());
        }
    }

    /** Whether these do. */
    boolean isFollowedBy(Set<ActorRef<TrainerProtocol.Command>> nodes) {
        return following.containsAll(nodes);
    }

    /** Null before it is started. */
    @Nullable ActorRef<TrainingCoordinator.Command> coordinator() {
        return coordinator;
    }

    void coordinator(ActorRef<TrainingCoordinator.Command> started) {
        coordinator = started;
    }

    /** Whether this is the first that is heard of the end. */
    boolean endsNow() {
        boolean first = !ending;
        ending = true;
        return first;
    }

    /** When no coordinator was started, which would close them. */
    void close() {
        try {
            decisions.close();
        } catch (IOException e) {
            LOG.warn("The decisions of term {} could not be closed", decisions.term(), e);
        }
    }
}
