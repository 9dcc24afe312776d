package dev.troupe.actors.training.mesh;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.training.mesh.TrainerProtocol.Answer;
import dev.troupe.actors.training.mesh.TrainerProtocol.Built;
import dev.troupe.actors.training.mesh.TrainerProtocol.Fresh;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCopies;
import dev.troupe.actors.training.mesh.TrainerProtocol.Lost;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.training.mesh.TrainerProtocol.Start;
import dev.troupe.actors.training.mesh.TrainerProtocol.StepTaken;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.ZeroStage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes steps on the nodes of a cluster, one at a time. When a node is lost, in a step or between two, it seats the
 * lost ranks on other nodes, has all ranks go back to the latest step of which every state is in memory, and goes on;
 * who asked for the step only waits longer. The mesh stays the same, so the numbers do.
 *
 * <p>It does not go on with less than half of the nodes unless the cluster has removed the others: they might go on,
 * too.
 */
public final class MeshRunner {
    /** What the runner may be told. */
    public sealed interface Command {}

    /** Takes a step; the next one only after its answer. */
    public record Run(StepRunner.RunStep order) implements Command {}

    private record TrainersChanged(Receptionist.Listing listing) implements Command {}

    private record ReportArrived(Reported report) implements Command {}

    private record AnswerArrived(Answer answer) implements Command {}

    private record Wait(long phase) implements Command {}

    private record Overdue(long phase) implements Command {}

    /** How long nodes get to say what they have; a node that is gone says nothing. */
    private static final Duration REPORT_WAIT = Duration.ofSeconds(1);
    /** How often a recovery may begin anew before the run fails. */
    private static final int MAX_ATTEMPTS = 60;

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final MeshJob job;
    private final MeshSettings settings;
    private final ZeroStage zero;
    private final int nodesWanted;
    private final Duration stepTimeout;
    private final Consumer<MeshEvent> events;
    private final ActorRef<Reported> reports;
    private final ActorRef<Answer> answers;

    private Set<ActorRef<TrainerProtocol.Command>> reachable = Set.of();
    private Set<ActorRef<TrainerProtocol.Command>> members = Set.of();
    private final Map<String, Reported> reported = new HashMap<>(); // of this phase
    private final Map<String, ActorRef<TrainerProtocol.Command>> nodes = new HashMap<>(); // of the seating
    private final Map<String, Answer> answered = new HashMap<>(); // of this phase
    private final TreeMap<Long, Double> learningRates = new TreeMap<>(); // of steps that may be taken again
    private State state = State.IDLE;
    private long phase; // grows with every change of state: tells late timers
    private @Nullable Seating seating;
    private long epoch;
    private long nextStep;
    private StepRunner.@Nullable RunStep order;
    private String cause = "";
    private long noticedNanos;
    private int attempts;
    private List<String> lostNodes = List.of();

    private enum State {
        /** No step is wanted. */
        IDLE,
        /** Nodes are asked what they have. */
        ASKING,
        /** Nodes build their ranks. */
        BUILDING,
        /** Ranks take a step. */
        STEPPING
    }

    private MeshRunner(
            ActorContext<Command> context, TimerScheduler<Command> timers, MeshJob job, Consumer<MeshEvent> events) {
        this.context = context;
        this.timers = timers;
        this.job = job;
        this.settings = job.mesh();
        this.zero = settings.mesh().data() == 1 ? ZeroStage.NONE : settings.zero();
        this.nodesWanted = Math.min(job.config().mesh().nodes(), settings.mesh().ranks());
        this.stepTimeout = Duration.ofSeconds(job.config().train().stepTimeoutSeconds());
        this.events = events;
        this.reports = context.messageAdapter(Reported.class, ReportArrived::new);
        this.answers = context.messageAdapter(Answer.class, AnswerArrived::new);
        context.getSystem()
                .receptionist()
                .tell(Receptionist.subscribe(
                        TrainerNode.KEY, context.messageAdapter(Receptionist.Listing.class, TrainersChanged::new)));
    }

    /**
     * A runner of a job on whatever trainer nodes the cluster has.
     *
     * @param events is called on the actor's thread and must not block
     */
    public static Behavior<Command> create(MeshJob job, Consumer<MeshEvent> events) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            MeshRunner runner = new MeshRunner(context, timers, job, events);
            return Behaviors.receive(Command.class)
                    .onAnyMessage(runner::onCommand)
                    .onSignal(PostStop.class, _ -> runner.leave())
                    .build();
        }));
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Run(StepRunner.RunStep step) -> onRun(step);
            case TrainersChanged(Receptionist.Listing listing) -> onTrainers(listing);
            case ReportArrived(Reported report) -> onReport(report);
            case AnswerArrived(Answer answer) -> onAnswer(answer);
            case Wait(long of) -> {
                if (of == phase && state == State.ASKING) {
                    decide();
                }
            }
            case Overdue(long of) -> {
                if (of == phase) {
                    onOverdue();
                }
            }
        }
        return Behaviors.same();
    }

    private void onRun(StepRunner.RunStep step) {
        if (order != null) {
            throw new IllegalStateException("step " + step.step() + " asked for while another is running");
        }
        order = step;
        learningRates.put(step.step(), step.learningRate());
        learningRates
                .headMap(step.step() - job.config().mesh().copyEverySteps(), false)
                .clear();
        if (seating == null) {
            notice("the run begins");
        } else if (state == State.IDLE) {
            takeStep();
        }
    }

    // ---- nodes that come and go

    private void onTrainers(Receptionist.Listing listing) {
        reachable = Set.copyOf(listing.getServiceInstances(TrainerNode.KEY));
        members = Set.copyOf(listing.getAllServiceInstances(TrainerNode.KEY));
        if (state == State.ASKING) {
            reachable.forEach(node -> node.tell(new TrainerProtocol.Report(reports)));
            return;
        }
        List<String> gone = nodes.entrySet().stream()
                .filter(node -> !reachable.contains(node.getValue()))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        if (!gone.isEmpty() && order != null) {
            notice("out of reach: " + String.join(", ", gone));
        }
    }

    /** Something is wrong, or nothing is there yet: ask who is there and what they have. */
    private void notice(String what) {
        if (attempts == 0) {
            cause = what;
            noticedNanos = System.nanoTime();
            context.getLog().info("Run {} seats its ranks at step {}: {}", job.runId(), nextStep, what);
        }
        attempts++;
        if (attempts > MAX_ATTEMPTS) {
            throw new TroupeException("the run could not go on after " + cause + ": " + what);
        }
        enter(State.ASKING);
        reported.clear();
        reachable.forEach(node -> node.tell(new TrainerProtocol.Report(reports)));
        timers.startSingleTimer("wait", new Wait(phase), REPORT_WAIT);
    }

    private void onReport(Reported report) {
        if (state != State.ASKING) {
            return;
        }
        reported.put(report.endpoint().nodeId(), report);
        boolean all = reachable.stream()
                .allMatch(node -> reported.values().stream()
                        .anyMatch(known -> known.node().equals(node)));
        boolean missing = seating != null && !missingNodes().isEmpty();
        if (all && !missing) {
            decide();
        }
    }

    private List<String> missingNodes() {
        return seating == null
                ? List.of()
                : seating.nodes().stream()
                        .map(Endpoint::nodeId)
                        .filter(node -> !reported.containsKey(node))
                        .toList();
    }

    private void decide() {
        Seating before = seating;
        List<Endpoint> alive = reported.values().stream()
                .map(Reported::endpoint)
                .sorted(Comparator.comparing(Endpoint::nodeId))
                .toList();
        if (alive.isEmpty() || (before == null && alive.size() < nodesWanted) || !mayGoOn()) {
            attempts = before == null ? 1 : attempts; // nodes may take as long to come as they like
            notice("there are " + alive.size() + " trainer nodes; waiting for more");
            return;
        }
        Seating next = before == null ? Seating.fresh(settings.mesh().ranks(), alive) : before.without(alive);
        Optional<RecoveryPlan> plan = RecoveryPlan.of(settings.mesh(), zero, next, ofThisRun(), latestUseful());
        if (plan.isEmpty() && before != null) {
            context.getLog().error("Copies in memory: {}; seats {}", ofThisRun(), next);
            throw new TroupeException("the state of step " + nextStep + " is lost with " + missingNodes()
                    + ": no copy of it is left in memory; go on from the latest checkpoint with --resume");
        }
        build(
                next,
                plan.<Start>map(found -> new FromCopies(found.step(), found.holders()))
                        .orElseGet(Fresh::new));
    }

    /** The step that is wanted is not taken yet, as far as anybody was told. */
    private long latestUseful() {
        StepRunner.RunStep wanted = order;
        return wanted == null ? nextStep : wanted.step();
    }

    private List<Reported> ofThisRun() {
        return reported.values().stream()
                .filter(report -> job.runId().equals(report.runId()))
                .toList();
    }

    private boolean mayGoOn() {
        List<String> missing = missingNodes();
        if (missing.isEmpty() || seating == null) {
            return true;
        }
        boolean removed = missing.stream().allMatch(node -> !members.contains(nodes.get(node)));
        return removed
                || 2 * (seating.nodes().size() - missing.size())
                        > seating.nodes().size();
    }

    // ---- building

    private void build(Seating next, Start start) {
        List<String> lost = missingNodes();
        epoch = Math.max(
                        epoch,
                        reported.values().stream()
                                .mapToLong(Reported::epoch)
                                .max()
                                .orElse(0))
                + 1;
        seating = next;
        lostNodes = lost;
        nodes.clear();
        Set<Endpoint> needed = new HashSet<>(next.nodes());
        if (start instanceof FromCopies copies) {
            needed.addAll(copies.holders());
        }
        for (Endpoint node : needed) {
            Reported report = reported.get(node.nodeId());
            if (report != null) {
                nodes.put(node.nodeId(), report.node());
            }
        }
        enter(State.BUILDING);
        timers.startSingleTimer("overdue", new Overdue(phase), stepTimeout);
        nodes.values().forEach(node -> node.tell(new TrainerProtocol.Build(epoch, job, next, start, answers)));
    }

    private void onBuilt(Seating built) {
        nextStep = answered.values().stream()
                .filter(Built.class::isInstance)
                .mapToLong(answer -> ((Built) answer).step())
                .max()
                .orElse(nextStep);
        double seconds = (System.nanoTime() - noticedNanos) * 1e-9;
        boolean first = epoch == 1 || attempts == 0;
        events.accept(
                first && lostNodes.isEmpty()
                        ? new MeshEvent.Seated(epoch, built, seconds)
                        : new MeshEvent.Recovered(epoch, lostNodes, cause, nextStep, built, seconds));
        context.getLog()
                .info("Run {} goes on with step {} in epoch {} after {} s", job.runId(), nextStep, epoch, seconds);
        attempts = 0;
        if (order == null) {
            enter(State.IDLE);
        } else {
            takeStep();
        }
    }

    // ---- stepping

    private void takeStep() {
        StepRunner.RunStep wanted = required(order);
        if (nextStep == 0 && wanted.step() != 0 && epoch == 0) {
            throw new IllegalStateException("step " + wanted.step() + " is wanted of ranks that have taken none");
        }
        Double learningRate = learningRates.get(nextStep);
        if (learningRate == null) {
            throw new IllegalStateException("step " + nextStep + " cannot be taken again: its rate is forgotten");
        }
        enter(State.STEPPING);
        timers.startSingleTimer("overdue", new Overdue(phase), stepTimeout);
        Seating current = required(seating);
        for (Endpoint node : current.nodes()) {
            required(nodes.get(node.nodeId()))
                    .tell(new TrainerProtocol.TakeStep(epoch, nextStep, learningRate, answers));
        }
    }

    private void onAnswer(Answer answer) {
        if (answer.epoch() != epoch || (state != State.BUILDING && state != State.STEPPING)) {
            return; // of a seating that is over
        }
        if (answer instanceof Lost lost) {
            notice(lost.nodeId() + ": " + lost.message());
            return;
        }
        answered.put(answer.nodeId(), answer);
        Seating current = required(seating);
        if (state == State.BUILDING && answered.keySet().containsAll(nodes.keySet())) {
            onBuilt(current);
        } else if (state == State.STEPPING
                && current.nodes().stream().allMatch(node -> answered.get(node.nodeId()) instanceof StepTaken)) {
            onStepTaken(current);
        }
    }

    private void onStepTaken(Seating current) {
        List<StepTaken> taken = new ArrayList<>();
        current.nodes().forEach(node -> {
            if (answered.get(node.nodeId()) instanceof StepTaken step) {
                taken.add(step);
            }
        });
        StepTaken first = taken.getFirst();
        for (StepTaken other : taken) {
            if (Double.compare(other.loss(), first.loss()) != 0) {
                throw new IllegalStateException("nodes disagree about step " + first.step() + ": " + first.nodeId()
                        + " has loss " + first.loss() + ", " + other.nodeId() + " " + other.loss());
            }
        }
        StepRunner.RunStep wanted = required(order);
        if (first.updated()) {
            nextStep = first.step() + 1;
        }
        if (first.updated() && nextStep <= wanted.step()) {
            takeStep(); // one that was taken before, again
            return;
        }
        order = null;
        enter(State.IDLE);
        wanted.replyTo().tell(result(wanted, first, taken));
    }

    private static StepRunner.StepResult result(StepRunner.RunStep wanted, StepTaken first, List<StepTaken> taken) {
        if (!first.updated()) {
            return new StepRunner.StepDiverged(wanted.step(), first.loss(), first.gradientNorm());
        }
        double waiting =
                taken.stream().mapToDouble(StepTaken::waitingSeconds).max().orElse(0);
        double computing = first.seconds() - first.updateSeconds();
        return new StepRunner.StepDone(
                wanted.step(),
                first.loss(),
                first.gradientNorm(),
                new StepRunner.StepTimes(0, computing, waiting, first.updateSeconds()));
    }

    private void onOverdue() {
        notice("no answer within " + stepTimeout.toSeconds() + " s (train.stepTimeoutSeconds)");
    }

    private void enter(State next) {
        state = next;
        phase++;
        answered.clear();
        timers.cancel("overdue");
        timers.cancel("wait");
    }

    private Behavior<Command> leave() {
        nodes.values().forEach(node -> node.tell(new TrainerProtocol.Leave(job.runId())));
        return Behaviors.same();
    }

    private static <T> T required(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("the runner has no step or seating");
        }
        return part;
    }
}
