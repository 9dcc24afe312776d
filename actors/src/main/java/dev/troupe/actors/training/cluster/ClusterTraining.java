package dev.troupe.actors.training.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.TrainingCoordinator;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.training.mesh.TrainerProtocol.LedRun;
import dev.troupe.actors.training.mesh.TrainerProtocol.Recalled;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.actors.wire.WireMessage;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Leads the one run that a cluster trains; a singleton over the trainer nodes. When its node is lost, the cluster
 * starts it on another one: there it learns from the trainer nodes which run there is ({@link TrainerProtocol.LedRun}),
 * begins a term of its own in the run's directory ({@link DecisionLog}), tells all nodes to follow no coordinator
 * before it, and goes on from the last step that is recorded or remembered. Should two of them be there at once,
 * because one stood still, the earlier one's orders are refused and it writes nothing.
 */
public final class ClusterTraining {
    /** What may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Submit.class), @JsonSubTypes.Type(Stop.class)})
    public interface Command extends WireMessage {}

    /**
     * Wants a run to be trained, and to be told of it; whoever wants it says so again and again ({@link RunWatcher}).
     * Nothing is begun twice: a run that is under way in the same directory is watched, and of one that has ended the
     * end is told.
     */
    public record Submit(RunSpec run, ActorRef<TrainingEvent> watcher) implements Command {}

    /** Ends the run of a directory with a checkpoint. */
    public record Stop(String directory) implements Command {}

    private record TrainersFound(Set<ActorRef<TrainerProtocol.Command>> reachable) implements Command {}

    private record ReportArrived(Reported report) implements Command {}

    private record RecalledArrived(Recalled recalled) implements Command {}

    private record Settled() implements Command {}

    private record Gathered() implements Command {}

    private record Looked(
            RunTerm.@Nullable Look look, @Nullable Throwable failure) implements Command {}

    private record RecallOver(RunTerm term) implements Command {}

    private record Prepared(
            RunTerm term,
            RunTerm.@Nullable Prepared run,
            @Nullable Throwable failure) implements Command {}

    private record Heard(TrainingEvent event) implements Command {}

    private record CoordinatorGone(RunTerm term) implements Command {}

    private record EndRecorded(
            RunTerm term,
            TrainingEvent event,
            @Nullable Boolean isRunsEnd,
            @Nullable Throwable failure) implements Command {}

    private record WatcherGone(ActorRef<TrainingEvent> watcher) implements Command {}

    /** How long nodes get to answer; a node that is gone says nothing. */
    private static final Duration ANSWER_WAIT = Duration.ofSeconds(1);
    /** How long others get to join a cluster that begins anew with a run of which nobody has anything in memory. */
    private static final Duration NEWCOMERS_WAIT = Duration.ofSeconds(3);

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final Executor blocking;
    private final ActorRef<Reported> reports;
    private final ActorRef<Recalled> recalls;
    private final ActorRef<TrainingEvent> events;

    private Set<ActorRef<TrainerProtocol.Command>> trainers = Set.of();
    private final Map<ActorRef<TrainerProtocol.Command>, Reported> reported = new HashMap<>();
    private final Set<ActorRef<TrainingEvent>> watchers = new HashSet<>();
    private final Set<LedRun> over = new HashSet<>(); // nodes that say otherwise have not heard it yet
    private boolean settled;
    private boolean gathered;
    private @Nullable RunSpec wanted; // by a watcher
    private @Nullable LedRun looksAt;
    private long latestTerm; // that this actor has begun
    private @Nullable RunTerm current;

    private ClusterTraining(ActorContext<Command> context, TimerScheduler<Command> timers) {
        this.context = context;
        this.timers = timers;
        this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
        this.reports = context.messageAdapter(Reported.class, ReportArrived::new);
        this.events = context.messageAdapter(TrainingEvent.class, Heard::new);
        this.recalls = context.messageAdapter(Recalled.class, RecalledArrived::new);
        timers.startSingleTimer(new Settled(), ANSWER_WAIT);
        timers.startSingleTimer(new Gathered(), NEWCOMERS_WAIT);
        context.getSystem()
                .receptionist()
                .tell(Receptionist.subscribe(
                        TrainerNode.KEY,
                        context.messageAdapter(
                                Receptionist.Listing.class,
                                listing -> new TrainersFound(listing.getServiceInstances(TrainerNode.KEY)))));
    }

    /** Leads whatever run the cluster has, or is given. */
    public static Behavior<Command> create() {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            ClusterTraining training = new ClusterTraining(context, timers);
            return Behaviors.receive(Command.class)
                    .onAnyMessage(training::onCommand)
                    .onSignal(PostStop.class, _ -> training.leave())
                    .build();
        }));
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Submit submit -> onSubmit(submit);
            case Stop(String directory) -> onStop(directory);
            case TrainersFound(Set<ActorRef<TrainerProtocol.Command>> reachable) -> onTrainers(reachable);
            case ReportArrived(Reported report) -> onReport(report);
            case Settled _ -> {
                settled = true;
                lookForRun();
            }
            case Gathered _ -> {
                gathered = true;
                lookForRun();
            }
            case Looked looked -> onLooked(looked);
            case RecalledArrived(Recalled recalled) -> onRecalled(recalled);
            case RecallOver(RunTerm term) -> prepare(term);
            case Prepared prepared -> onPrepared(prepared);
            case Heard(TrainingEvent event) -> onEvent(event);
            case CoordinatorGone(RunTerm term) ->
                onEnd(term, new TrainingEvent.Failed(term.run().runId(), "the coordinator failed: see the log"));
            case EndRecorded recorded -> onEndRecorded(recorded);
            case WatcherGone(ActorRef<TrainingEvent> watcher) -> watchers.remove(watcher);
            default -> throw new IllegalArgumentException("not a command: " + command);
        }
        return Behaviors.same();
    }

    /** The run is for the next one to go on with. */
    private Behavior<Command> leave() {
        RunTerm term = current;
        if (term != null) {
            term.close();
        }
        return Behaviors.same();
    }

    // ---- which run

    private void onTrainers(Set<ActorRef<TrainerProtocol.Command>> reachable) {
        Set<ActorRef<TrainerProtocol.Command>> come = new HashSet<>(reachable);
        come.removeAll(trainers);
        trainers = Set.copyOf(reachable);
        reported.keySet().retainAll(trainers);
        RunTerm term = current;
        for (ActorRef<TrainerProtocol.Command> trainer : come) {
            trainer.tell(new TrainerProtocol.Report(reports));
            if (term != null) {
                trainer.tell(term.follow(recalls));
            }
        }
    }

    private void onReport(Reported report) {
        reported.put(report.node(), report);
        lookForRun();
    }

    /** Goes on with a run that the nodes know of, or else begins the one that is wanted. */
    private void lookForRun() {
        boolean allSaid = reported.keySet().containsAll(trainers);
        Optional<LedRun> known = latestKnown();
        settled |= allSaid && known.isPresent();
        if (!settled || looksAt != null || current != null) {
            return;
        }
        if (!gathered && known.isPresent() && !isInMemory(known.get())) {
            return; // it is the cluster that was lost, and its nodes come one after the other
        }
        long terms = terms();
        RunSpec run = wanted;
        if (known.isPresent()) {
            LedRun led = known.get();
            context.getLog().info("The nodes know of run {} in {}", led.runId(), led.directory());
            look(led, () -> RunTerm.takeOver(led, terms));
        } else if (run != null) {
            wanted = null;
            look(new LedRun(run.runId(), run.directory()), () -> RunTerm.begin(run, terms));
        }
    }

    /** Whether a node has a part in the run, so that it can go on from where it is. */
    private boolean isInMemory(LedRun run) {
        return reported.values().stream().anyMatch(report -> run.runId().equals(report.runId()));
    }

    private Optional<LedRun> latestKnown() {
        return reported.values().stream()
                .filter(report -> report.led() != null && !over.contains(report.led()))
                .max(Comparator.comparingLong(Reported::epoch))
                .map(Reported::led);
    }

    private void look(LedRun at, Supplier<RunTerm.Look> look) {
        looksAt = at;
        context.pipeToSelf(CompletableFuture.supplyAsync(look, blocking), Looked::new);
    }

    /** The latest term that anybody has heard of. */
    private long terms() {
        long epoch = reported.values().stream().mapToLong(Reported::epoch).max().orElse(0);
        return Math.max(latestTerm, epoch / DecisionLog.EPOCHS_OF_A_TERM);
    }

    private void onSubmit(Submit submit) {
        RunSpec run = submit.run();
        LedRun busyWith = current == null ? looksAt : current.led();
        if (busyWith != null && !busyWith.directory().equals(run.directory())) {
            submit.watcher().tell(busy(run, busyWith));
            return;
        }
        if (watchers.add(submit.watcher())) {
            context.watchWith(submit.watcher(), new WatcherGone(submit.watcher()));
        }
        if (current == null) {
            wanted = run;
            lookForRun();
        }
    }

    private static TrainingEvent busy(RunSpec wanted, LedRun with) {
        return new TrainingEvent.Failed(
                wanted.runId(),
                "the cluster trains " + with.directory() + " already: wait for its end, or use another cluster");
    }

    private void onStop(String directory) {
        RunTerm term = current;
        if (term != null && term.run().directory().equals(directory)) {
            ActorRef<TrainingCoordinator.Command> coordinator = term.coordinator();
            if (coordinator != null) {
                coordinator.tell(new TrainingCoordinator.Stop());
            }
        }
    }

    private void onLooked(Looked looked) {
        LedRun at = Objects.requireNonNull(looksAt);
        looksAt = null;
        switch (looked.look()) {
            case null -> isOver(at, new TrainingEvent.Failed(at.runId(), message(looked.failure())));
            case RunTerm.IsOver(TrainingEvent end) -> isOver(at, end);
            case RunTerm.ToLead(RunTerm term) -> lead(term);
        }
    }

    private void isOver(LedRun run, @Nullable TrainingEvent end) {
        over.add(run);
        trainers.forEach(trainer -> trainer.tell(new TrainerProtocol.RunEnded(run.runId())));
        RunSpec other = wanted;
        if (end != null && (other == null || other.directory().equals(run.directory()))) {
            endWatching(end);
        }
        lookForRun();
    }

    // ---- leading it

    private void lead(RunTerm term) {
        current = term;
        RunSpec other = wanted;
        if (other != null && !other.directory().equals(term.run().directory())) {
            endWatching(busy(other, term.led()));
        }
        wanted = null;
        latestTerm = term.number();
        context.getLog()
                .info(
                        "Term {}: this node {} run {}",
                        term.number(),
                        term.takesOver() ? "takes over" : "leads",
                        term.run().runId());
        for (ActorRef<TrainerProtocol.Command> trainer : trainers) {
            if (!term.takesOver()) {
                trainer.tell(new TrainerProtocol.Leave(term.run().runId())); // what is left of another attempt
            }
            trainer.tell(term.follow(recalls));
        }
        timers.startSingleTimer(RecallOver.class, new RecallOver(term), ANSWER_WAIT);
    }

    private void onRecalled(Recalled recalled) {
        RunTerm term = current;
        if (term != null) {
            term.follows(recalled);
            if (timers.isTimerActive(RecallOver.class) && term.isFollowedBy(trainers)) {
                prepare(term);
            }
        }
    }

    private void prepare(RunTerm term) {
        timers.cancel(RecallOver.class);
        String node = context.getSystem().address().hostPort();
        context.pipeToSelf(
                CompletableFuture.supplyAsync(() -> term.prepare(node), blocking),
                (run, failure) -> new Prepared(term, run, failure));
    }

    private void onPrepared(Prepared prepared) {
        RunTerm term = prepared.term();
        RunTerm.Prepared run = prepared.run();
        if (run == null) {
            onEnd(term, new TrainingEvent.Failed(term.run().runId(), message(prepared.failure())));
            return;
        }
        ActorRef<TrainingCoordinator.Command> coordinator = context.spawnAnonymous(
                TrainingCoordinator.create(run.setup(), events, run.lead()), TrainingCoordinator.dispatcher());
        context.watchWith(coordinator, new CoordinatorGone(term));
        term.coordinator(coordinator);
    }

    private void onEvent(TrainingEvent event) {
        RunTerm term = current;
        if (term == null) {
            return;
        }
        if (event instanceof TrainingEvent.Completed || event instanceof TrainingEvent.Failed) {
            onEnd(term, event);
        } else {
            tellWatchers(event);
        }
    }

    /** The end is recorded before anybody is told: whoever asks later is told the same. */
    private void onEnd(RunTerm term, TrainingEvent event) {
        if (term.endsNow()) {
            context.pipeToSelf(
                    CompletableFuture.supplyAsync(() -> term.end(event), blocking),
                    (isRunsEnd, failure) -> new EndRecorded(term, event, isRunsEnd, failure));
        }
    }

    private void onEndRecorded(EndRecorded recorded) {
        RunTerm term = recorded.term();
        current = null;
        term.close();
        if (recorded.failure() != null) {
            context.getLog()
                    .error("The end of run {} is not recorded", term.run().runId(), recorded.failure());
        }
        if (Boolean.FALSE.equals(recorded.isRunsEnd())) {
            context.getLog()
                    .warn(
                            "Term {} is over: another node leads run {}",
                            term.number(),
                            term.run().runId());
            watchers.clear();
        } else {
            isOver(term.led(), recorded.event());
        }
    }

    private void endWatching(TrainingEvent end) {
        tellWatchers(end);
        watchers.clear();
        wanted = null;
    }

    private void tellWatchers(TrainingEvent event) {
        watchers.forEach(watcher -> watcher.tell(event));
    }

    private static String message(@Nullable Throwable failure) {
        return TrainingCoordinator.userMessage(failure);
    }
}
