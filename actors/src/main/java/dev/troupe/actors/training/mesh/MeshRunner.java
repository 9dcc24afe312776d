package dev.troupe.actors.training.mesh;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.mesh.MeshWork.Evaluate;
import dev.troupe.actors.training.mesh.MeshWork.Run;
import dev.troupe.actors.training.mesh.MeshWork.Save;
import dev.troupe.actors.training.mesh.TrainerProtocol.Answer;
import dev.troupe.actors.training.mesh.TrainerProtocol.Built;
import dev.troupe.actors.training.mesh.TrainerProtocol.Copied;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCheckpoint;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCopies;
import dev.troupe.actors.training.mesh.TrainerProtocol.Lost;
import dev.troupe.actors.training.mesh.TrainerProtocol.NotSaved;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.training.mesh.TrainerProtocol.Saved;
import dev.troupe.actors.training.mesh.TrainerProtocol.Start;
import dev.troupe.actors.training.mesh.TrainerProtocol.StepTaken;
import dev.troupe.actors.training.mesh.TrainerProtocol.WindowsEvaluated;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.MeshSettings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes steps on the nodes of a cluster, one at a time, and between two of them evaluates and saves. When a node is
 * lost, at any time, it seats the lost ranks on other nodes, has all ranks go back to the latest step of which every
 * state is in memory, or else to the latest checkpoint, and goes on; who asked for something only waits longer. When
 * that checkpoint is damaged it says so, for another attempt to begin from the one before. The mesh stays the same, so
 * the numbers do. It does not go on with less than half of the nodes unless the cluster has removed the others: they
 * might go on, too.
 */
public final class MeshRunner {
    /** What the runner may be told. */
    public sealed interface Command permits MeshWork, End, RunnerMessage {}

    /** Ends the run on all nodes, and the runner. One that just stops leaves states to whoever goes on with the run. */
    public record End() implements Command {}

    /** How long nodes get to say what they have; a node that is gone says nothing. */
    private static final Duration REPORT_WAIT = Duration.ofSeconds(1);
    /** A run asks for a step, a checkpoint and two evaluations at most. */
    private static final int MAX_QUEUED = 8;

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final MeshJob job;
    private final MeshSettings settings;
    private final Duration stepTimeout;
    private final MeshSaver saver;
    private final Consumer<MeshEvent> events;
    private final TrainerSurvey survey;
    private final ActorRef<Answer> answers;

    private final MeshSeats seats;
    private final SeatPolicy policy;
    private final Map<String, Answer> answered = new HashMap<>(); // of this phase
    private final StepOrders orders = new StepOrders(); // from the origin's step on
    private final Deque<MeshWork> queue = new ArrayDeque<>();
    private RunnerState state = RunnerState.IDLE;
    private long phase; // grows with every change of state: tells late timers
    private boolean isBuilt;
    private boolean wasReady; // by this runner or the one before
    private Start origin; // where the run goes back to when nothing is in memory
    private long nextStep;
    private @Nullable MeshWork work;
    private final Recovery recovery;
    private final NodeFailures failures;
    private final MeshStart beginning;

    private MeshRunner(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            MeshJob job,
            MeshStart start,
            MeshCheckpoints checkpoints,
            Consumer<MeshEvent> events) {
        this.context = context;
        this.timers = timers;
        this.job = job;
        this.origin = start.origin();
        this.wasReady = start.seating() != null;
        this.failures = new NodeFailures(
                job.config().mesh().excludeAfterFailures(), job.config().mesh().failureWindow(), start.failures());
        this.beginning = start;
        this.recovery = new Recovery(start.knownLosses());
        this.seats = new MeshSeats(start);
        this.policy = new SeatPolicy(job, start, failures);
        orders.putAll(origin.step(), start.orders());
        this.saver = new MeshSaver(context, checkpoints);
        this.settings = job.mesh();
        this.stepTimeout = Duration.ofSeconds(job.config().train().stepTimeoutSeconds());
        this.events = events;
        this.survey = new TrainerSurvey(context.messageAdapter(Reported.class, RunnerMessage.ReportArrived::new));
        this.answers = context.messageAdapter(Answer.class, RunnerMessage.AnswerArrived::new);
        context.getSystem()
                .receptionist()
                .tell(Receptionist.subscribe(
                        TrainerNode.KEY,
                        context.messageAdapter(Receptionist.Listing.class, RunnerMessage.TrainersChanged::new)));
    }

    /**
     * A runner of a job on whatever trainer nodes the cluster has.
     *
     * @param events is called on the actor's thread and must not block
     */
    public static Behavior<Command> create(
            MeshJob job, MeshStart start, MeshCheckpoints checkpoints, Consumer<MeshEvent> events) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            MeshRunner runner = new MeshRunner(context, timers, job, start, checkpoints, events);
            return Behaviors.receiveMessage(runner::onCommand);
        }));
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case MeshWork wanted -> onWork(wanted);
            case RunnerMessage.TrainersChanged(Receptionist.Listing listing) -> onTrainers(listing);
            case RunnerMessage.ReportArrived(Reported report) -> onReport(report);
            case RunnerMessage.AnswerArrived(Answer answer) -> onAnswer(answer);
            case RunnerMessage.SaveBegun begun -> onSaveBegun(begun);
            case RunnerMessage.SavePublished published -> onSavePublished(published);
            case RunnerMessage.CheckpointRead read -> onCheckpointRead(read);
            case End _ -> {
                seats.tellAll(new TrainerProtocol.Leave(job.runId()));
                return Behaviors.stopped();
            }
            case RunnerMessage.Wait(long of) -> {
                if (of == phase && state == RunnerState.ASKING) {
                    decide();
                }
            }
            case RunnerMessage.Overdue(long of, String what) -> {
                if (of == phase) {
                    notice(what);
                }
            }
        }
        return Behaviors.same();
    }

    // ---- work

    private void onWork(MeshWork wanted) {
        if (queue.size() >= MAX_QUEUED) {
            throw new IllegalStateException("more is asked for than " + MAX_QUEUED + " things at once");
        }
        if (wanted instanceof Run run) {
            orders.put(run.step(), run.order().order());
        }
        queue.add(wanted);
        if (work == null) {
            next();
        }
    }

    private void next() {
        MeshWork wanted = queue.poll();
        work = wanted;
        if (wanted == null || state != RunnerState.IDLE) {
            return;
        }
        if (!isBuilt) {
            notice(wasReady ? beginning.cause() : "the run begins");
        } else if (!noticeWhoIsGone() && !noticeWhoHasCome(wanted)) {
            proceed(wanted);
        }
    }

    /** Does what is wanted, after taking again the steps that it needs. */
    private void proceed(MeshWork wanted) {
        if (nextStep > wanted.step()) {
            throw new IllegalStateException("step " + wanted.step() + " is wanted of ranks that are at " + nextStep);
        }
        if (nextStep < wanted.step()) {
            takeStep();
            return;
        }
        switch (wanted) {
            case Run _ -> takeStep();
            case Evaluate evaluate -> evaluate(evaluate.order());
            case Save save -> beginSave(save.order());
        }
    }

    private void done() {
        enter(RunnerState.IDLE);
        next();
    }

    // ---- nodes that come and go

    private void onTrainers(Receptionist.Listing listing) {
        survey.found(listing.getServiceInstances(TrainerNode.KEY), listing.getAllServiceInstances(TrainerNode.KEY));
        if (state == RunnerState.ASKING) {
            survey.ask();
            return;
        }
        survey.askOthers();
        if (work != null || saver.isSaving()) {
            noticeWhoIsGone();
        }
    }

    /** Notices that a node is out of reach, if one is. */
    private boolean noticeWhoIsGone() {
        List<String> gone = survey.outOfReach(seats.nodes());
        if (!gone.isEmpty()) {
            notice("out of reach: " + String.join(", ", gone));
        }
        return !gone.isEmpty();
    }

    /** Notices that ranks may move to a node that has come, and that a larger mesh may begin. */
    private boolean noticeWhoHasCome(MeshWork wanted) {
        Seating now = Objects.requireNonNull(seats.seating());
        boolean canMove =
                nextStep == wanted.step() && nextStep % job.config().mesh().copyEverySteps() == 0;
        switch (policy.improve(survey, now, System.currentTimeMillis()).orElse(null)) {
            case SeatPolicy.Reshape(Mesh mesh, String cause) ->
                events.accept(new MeshEvent.OtherMesh(mesh, cause, false));
            case SeatPolicy.Wait(String what, boolean _)
            when canMove -> {
                notice(what);
                return true;
            }
            case null, default -> {
                // all is well
            }
        }
        return false;
    }

    /** Something is wrong, or nothing is there yet: ask who is there and what they have. */
    private void notice(String what) {
        if (recovery.notice(what)) {
            context.getLog().info("Run {} seats its ranks at step {}: {}", job.runId(), nextStep, what);
        }
        giveUpSaving();
        enter(RunnerState.ASKING);
        survey.begin();
        timers.startSingleTimer("wait", new RunnerMessage.Wait(phase), REPORT_WAIT);
    }

    private void onReport(Reported report) {
        survey.add(report);
        if (state == RunnerState.ASKING && survey.isComplete()) {
            decide();
        }
    }

    private void decide() {
        Seating before = seats.seating();
        long now = System.currentTimeMillis();
        SeatPolicy.Verdict verdict = policy.decide(survey, seats, recovery.seconds(), now);
        if (before != null && !(verdict instanceof SeatPolicy.Wait)) {
            recovery.blame(survey.missing(before))
                    .forEach(node -> events.accept(failures.failed(before.identityOf(node), now, recovery.cause())));
        }
        switch (verdict) {
            case SeatPolicy.Wait(String what, boolean isPatient) -> {
                if (recovery.waits(what, isPatient)) {
                    context.getLog().warn("Run {} waits: {}", job.runId(), what);
                }
                timers.startSingleTimer("overdue", new RunnerMessage.Overdue(phase, what), REPORT_WAIT);
            }
            case SeatPolicy.Seat(Seating next) -> {
                if (before == null) {
                    survey.dismiss(job.runId()); // what is left of an earlier try
                    build(next, origin);
                } else {
                    startAgain(next);
                }
            }
            case SeatPolicy.Reshape(Mesh mesh, String cause) -> {
                enter(RunnerState.ENDING);
                events.accept(new MeshEvent.OtherMesh(mesh, recovery.cause() + "; " + cause, true));
            }
        }
    }

    /** From memory where all states are there, and else from the disk. */
    private void startAgain(Seating next) {
        long latest = work == null ? nextStep : work.step(); // nobody was told of more
        Optional<FromCopies> copies = survey.copies(job, settings, next, origin.step(), latest);
        if (copies.isPresent()) {
            build(next, copies.get());
            return;
        }
        if (wasReady && (isBuilt || beginning.cause().equals(MeshStart.COORDINATOR_LOST))) {
            recovery.explain("some states have no copy left in memory, so the run goes back to "
                    + (origin instanceof FromCheckpoint checkpoint ? checkpoint.path() : "its beginning"));
            context.getLog().warn("Run {}: {}", job.runId(), recovery.cause());
        }
        if (isBuilt && origin instanceof FromCheckpoint checkpoint) {
            check(next, checkpoint);
        } else {
            build(next, origin); // whoever began with it has compared its checksums just now
        }
    }

    /** A checkpoint may have been damaged since it was written. */
    private void check(Seating next, FromCheckpoint checkpoint) {
        enter(RunnerState.CHECKING);
        saver.check(phase, next, checkpoint);
    }

    private void onCheckpointRead(RunnerMessage.CheckpointRead read) {
        if (read.phase() != phase) {
            return; // nodes were lost meanwhile
        }
        String damage = read.damage();
        if (origin instanceof FromCheckpoint later && !later.equals(read.checkpoint())) {
            check(read.next(), later); // it was on its way to the disk
        } else if (damage == null) {
            build(read.next(), read.checkpoint());
        } else {
            enter(RunnerState.ENDING);
            recovery.explain(damage);
            events.accept(new MeshEvent.CheckpointDamaged(recovery.cause()));
        }
    }

    // ---- building

    private void build(Seating next, Start start) {
        seats.seat(next, start, survey);
        nextStep = start.step();
        enterWaiting(RunnerState.BUILDING, stepTimeout);
        seats.tellAll(new TrainerProtocol.Build(seats.epoch(), beginning.fence(), job, next, start, answers));
    }

    private void onBuilt(Seating built) {
        double seconds = recovery.end();
        List<NodeResources> nodes = MeshResults.resources(answered.values());
        events.accept(
                wasReady
                        ? new MeshEvent.Recovered(
                                seats.epoch(),
                                recovery.lost(),
                                recovery.cause(),
                                nextStep,
                                built,
                                policy.why(),
                                seconds,
                                nodes)
                        : new MeshEvent.Seated(seats.epoch(), nextStep, built, policy.why(), seconds, nodes));
        isBuilt = true;
        wasReady = true;
        if (work == null) {
            enter(RunnerState.IDLE);
        } else {
            proceed(work);
        }
    }

    // ---- what ranks do together

    private void takeStep() {
        enterWaiting(RunnerState.STEPPING, stepTimeout);
        seats.tell(new TrainerProtocol.TakeStep(seats.epoch(), nextStep, orders.at(nextStep), answers));
    }

    private void evaluate(Evaluator.Evaluate order) {
        int windowsOfAStep = settings.batch() * settings.accumulation(); // which takes longer: it goes back, too
        enterWaiting(RunnerState.EVALUATING, stepTimeout.multipliedBy(1 + order.windows() / windowsOfAStep));
        seats.tell(new TrainerProtocol.EvaluateWindows(seats.epoch(), order.step(), order.windows(), answers));
    }

    private void onAnswer(Answer answer) {
        if (answer.epoch() != seats.epoch() || state == RunnerState.ASKING) {
            return; // of a seating that is over
        }
        switch (answer) {
            case Lost lost -> {
                recovery.suspect(lost.nodeId());
                notice(lost.nodeId() + ": " + lost.message());
            }
            case Copied _, Saved _, NotSaved _ -> {
                saver.onAnswer(answer);
                goOnIfCopied();
            }
            case Built _ -> {
                answered.put(answer.nodeId(), answer);
                if (state == RunnerState.BUILDING
                        && answered.keySet().containsAll(seats.nodes().keySet())) {
                    onBuilt(Objects.requireNonNull(seats.seating()));
                }
            }
            case StepTaken taken -> collect(RunnerState.STEPPING, taken);
            case WindowsEvaluated evaluated -> collect(RunnerState.EVALUATING, evaluated);
        }
    }

    private void collect(RunnerState of, Answer answer) {
        if (state != of) {
            return;
        }
        answered.put(answer.nodeId(), answer);
        if (answered.keySet().containsAll(seats.names())) {
            if (of == RunnerState.STEPPING) {
                onStepTaken(MeshResults.steps(answered.values()));
            } else {
                onEvaluated(MeshResults.evaluation(answered.values()));
            }
        }
    }

    private void onStepTaken(List<StepTaken> taken) {
        StepTaken first = taken.getFirst();
        MeshWork wanted = Objects.requireNonNull(work);
        if (wanted instanceof Run run && (first.step() == run.step() || !first.updated())) {
            nextStep = first.updated() ? first.step() + 1 : nextStep;
            run.order().replyTo().tell(MeshResults.stepResult(run.step(), taken));
            done();
        } else if (first.updated()) {
            nextStep = first.step() + 1;
            proceed(wanted);
        } else {
            throw new IllegalStateException("step " + first.step() + " was good, and is not when taken again");
        }
    }

    private void onEvaluated(WindowsEvaluated evaluated) {
        if (Objects.requireNonNull(work) instanceof Evaluate(Evaluator.Evaluate order)) {
            MeshResults.tell(order, evaluated);
            done();
        }
    }

    // ---- checkpoints

    private void beginSave(CheckpointWriter.Save order) {
        enterWaiting(RunnerState.SAVING, stepTimeout);
        saver.begin(order, Set.copyOf(seats.names()));
        goOnIfCopied();
    }

    private void onSaveBegun(RunnerMessage.SaveBegun begun) {
        saver.onBegun(begun)
                .ifPresent(directory -> seats.tell(
                        new TrainerProtocol.Save(seats.epoch(), begun.save().step(), directory.toString(), answers)));
        goOnIfCopied();
    }

    private void onSavePublished(RunnerMessage.SavePublished published) {
        saver.onPublished(published).ifPresent(checkpoint -> {
            origin = checkpoint;
            orders.forgetBefore(Math.min(nextStep, checkpoint.step())); // ranks may be on their way from earlier
        });
        goOnIfCopied();
    }

    private void goOnIfCopied() {
        if (state == RunnerState.SAVING && !saver.isCopying()) {
            done();
        }
    }

    /** What nodes were to write and have not is begun again, before all other work. */
    private void giveUpSaving() {
        saver.giveUp(nextStep).ifPresent(order -> {
            MeshWork interrupted = work;
            if (interrupted != null && !(interrupted instanceof Save)) {
                queue.addFirst(interrupted);
            }
            work = new Save(order);
        });
    }

    private void enterWaiting(RunnerState next, Duration patience) {
        enter(next);
        String what = "no answer in time (train.stepTimeoutSeconds = " + stepTimeout.toSeconds() + ")";
        timers.startSingleTimer("overdue", new RunnerMessage.Overdue(phase, what), patience);
    }

    private void enter(RunnerState next) {
        state = next;
        phase++;
        answered.clear();
        timers.cancel("overdue");
        timers.cancel("wait");
    }
}
