package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.troupe.actors.training.TrainingCoordinator.Assembled;
import dev.troupe.actors.training.TrainingCoordinator.Attempt;
import dev.troupe.actors.training.TrainingCoordinator.CheckpointAnswered;
import dev.troupe.actors.training.TrainingCoordinator.Command;
import dev.troupe.actors.training.TrainingCoordinator.Ended;
import dev.troupe.actors.training.TrainingCoordinator.Environment;
import dev.troupe.actors.training.TrainingCoordinator.EvaluationAnswered;
import dev.troupe.actors.training.TrainingCoordinator.JournalAnswered;
import dev.troupe.actors.training.TrainingCoordinator.MeshChanged;
import dev.troupe.actors.training.TrainingCoordinator.Overdue;
import dev.troupe.actors.training.TrainingCoordinator.StepEnded;
import dev.troupe.actors.training.TrainingCoordinator.Stop;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.run.GoingBack;
import dev.troupe.actors.training.run.LossSpikes;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.NextAttempt;
import dev.troupe.actors.training.run.Reshaping;
import dev.troupe.actors.training.run.Restarting;
import dev.troupe.actors.training.run.ResumeCheck;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.actors.training.run.RunJournal;
import dev.troupe.actors.training.run.RunLength;
import dev.troupe.actors.training.run.RunProgress;
import dev.troupe.actors.training.run.StepPlanner;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.transformer.ParameterLayout;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's behavior once everything is in memory: training, finishing, and failing when it must.
 *
 * <p>When the loss is no number any more or leaves its course, it ends, for another one to go on from a checkpoint.
 *
 * <p>Between two steps it may hold the next one back: for as long as a checkpoint or an evaluation copies the weights.
 * Nothing else of theirs is waited for before the end.
 */
final class TrainingRun {
    static final String NOTHING_TO_SAVE = "the run was stopped before its first step: there is nothing to save";

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final TrainingSetup setup;
    private final TrainingConfig config;
    private final ActorRef<TrainingEvent> listener;
    private final RunAssembly run;
    private final Environment environment;
    private final RunProgress progress;
    private final RunReporter reporter;
    private final SideWork side;
    private final Attempt attempt;
    private final long beginNanos; // of the first attempt

    private final RunWorkers workers;
    private final ActorRef<StepRunner.StepResult> stepAnswers;

    private final RunLength length;
    private final StepPlanner planner;
    private final LossSpikes spikes;
    private final Divergence divergence;
    private long step;
    private StepOrder order;
    private boolean stopRequested;
    private boolean stepRunning;
    private boolean rehearsing;
    private double elapsedSeconds;
    private boolean checkpointDue;
    private @Nullable TrainingSummary summary;
    private @Nullable Reshaping reshaping; // to a mesh that fits better

    TrainingRun(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            TrainingSetup setup,
            ActorRef<TrainingEvent> listener,
            RunAssembly run,
            Environment environment,
            Attempt attempt) {
        this.context = context;
        this.timers = timers;
        this.setup = setup;
        this.config = setup.config();
        this.listener = listener;
        this.run = run;
        this.environment = environment;
        this.progress = run.progress();
        this.attempt = attempt;
        Long begun = attempt.beginNanos();
        this.beginNanos = begun == null ? environment.nanoClock().getAsLong() : begun;
        this.length = new RunLength(config, run);
        this.spikes = run.spikes();
        this.divergence = new Divergence(config.rollback(), run.rollbacks());
        step = run.position().step();
        planner = run.planner();
        order = planner.next(length.learningRate(step));

        ActorRef<RunJournal.Command> journal =
                spawn(RunJournal.create(run.metrics(), run.directory()), "journal", DispatcherSelector.blocking());
        reporter = new RunReporter(
                setup.runId(),
                listener,
                context.getLog(),
                progress,
                run.utilization(),
                journal,
                context.messageAdapter(RunJournal.Recorded.class, JournalAnswered::new));
        workers = RunWorkers.start(
                context,
                this::spawn,
                run,
                setup,
                environment,
                new MeshReporter(setup.runId(), listener, journal, context.getLog())
                        .andThen(event -> context.getSelf().tell(new MeshChanged(event))));
        side = new SideWork(
                run,
                workers,
                context.messageAdapter(CheckpointWriter.Answer.class, CheckpointAnswered::new),
                context.messageAdapter(Evaluator.Answer.class, EvaluationAnswered::new),
                config.eval().shadow().isPresent(),
                reporter,
                context.getLog());

        stepAnswers = context.messageAdapter(
                StepRunner.StepResult.class,
                result -> new StepEnded(environment.steps().apply(result)));
    }

    private <T> ActorRef<T> spawn(Behavior<T> behavior, String name, Props props) {
        ActorRef<T> child = context.spawn(behavior, name, props);
        context.watch(child);
        return child;
    }

    Behavior<Command> begin(boolean stopNow) {
        stopRequested = stopNow;
        long parameters = ParameterLayout.of(run.model()).size();
        MetricsLine.Anew anew = run.anew();
        if (anew != null) {
            reporter.beginsAnew(anew, run.resumedFrom());
        } else {
            listener.tell(new TrainingEvent.Started(
                    setup.runId(), parameters, setup.tokensPerStep(), step, length.totalSteps(), run.resumedFrom()));
        }
        context.getLog()
                .info(
                        "Run {} starts at step {} with {} parameters and {} tokens a step",
                        setup.runId(),
                        step,
                        parameters,
                        setup.tokensPerStep());
        reporter.begins(step, run);
        return train();
    }

    // ---- a time budget

    /** Measures an evaluation while the steps stand still; its answer fixes the number of steps. */
    private void rehearseEvaluation() {
        rehearsing = true;
        side.evaluateAtOnce(step, length.rehearsalWindows());
        startDeadline();
    }

    private void fixSteps(Evaluator.Evaluated rehearsal) {
        rehearsing = false;
        elapsedSeconds = secondsSinceBegin();
        length.fix(step, rehearsal, elapsedSeconds, !side.haveEvaluationNodes());
        context.getLog()
                .info(
                        "{} steps of {} s, {} of them done, fit into {} minutes",
                        length.totalSteps(),
                        length.secondsPerStep(),
                        step,
                        config.train().minutes());
        reporter.stepsFixed(step, length.totalSteps(), length.secondsPerStep());
    }

    private double secondsSinceBegin() {
        return (environment.nanoClock().getAsLong() - beginNanos) * 1e-9;
    }

    // ---- training

    private Behavior<Command> train() {
        progress.start(environment.nanoClock().getAsLong());
        if (isComplete() || stopRequested) {
            return finish();
        }
        doWhatIsDue();
        if (isFree()) {
            runStep();
        }
        return behavior(this::training);
    }

    /** What is due after the step where the run begins, unless it was done before whoever did it was lost. */
    private void doWhatIsDue() {
        checkpointDue = side.isBehind(step, config.checkpoint().everySteps());
        saveIfDue();
        if (step > 0 && isDue(config.eval().everySteps()) && !run.position().evaluated()) {
            evaluate();
        }
    }

    private boolean isComplete() {
        return length.isOver(step);
    }

    private void runStep() {
        stepRunning = true;
        order = planner.next(length.learningRate(step));
        workers.runner().tell(new StepRunner.RunStep(step, order, stepAnswers));
    }

    private Behavior<Command> training(Command command) {
        return switch (command) {
            case Stop _ -> {
                stopRequested = true;
                yield Behaviors.same();
            }
            case StepEnded(StepRunner.StepDone done) -> {
                stepRunning = false;
                onStep(done);
                yield spikes.isSpike()
                        ? goBack(divergence.from(spikes, step, done.loss(), order, length.totalSteps()))
                        : afterStep();
            }
            case StepEnded(StepRunner.StepDiverged diverged) -> {
                stepRunning = false;
                yield diverged(diverged);
            }
            case CheckpointAnswered(CheckpointWriter.Answer answer) -> {
                side.onCheckpoint(answer);
                yield continueIfFree();
            }
            case EvaluationAnswered(Evaluator.Answer answer) -> {
                side.onEvaluation(answer);
                if (rehearsing && answer instanceof Evaluator.Evaluated rehearsal) {
                    fixSteps(rehearsal);
                }
                yield continueIfFree();
            }
            case JournalAnswered(RunJournal.Recorded recorded) -> {
                reporter.onRecorded(recorded);
                yield continueIfFree();
            }
            case Overdue(String what) -> fail(what);
            case Assembled _, MeshChanged _, Ended _ -> Behaviors.unhandled();
        };
    }

    private void onStep(StepRunner.StepDone done) {
        step++;
        long now = environment.nanoClock().getAsLong();
        planner.done(order);
        long tokens = planner.tokensOf(order);
        double seconds = progress.stepDone(step, done.loss(), tokens, now);
        elapsedSeconds = (now - beginNanos) * 1e-9;
        spikes.add(done.loss());
        length.measured(order, seconds);
        long stepsToCome = length.stepsToCome(step, elapsedSeconds);
        long tokensToCome = planner.tokensOf(stepsToCome);
        reporter.stepDone(step, step + stepsToCome, order, tokens, tokensToCome, done, seconds, now);
    }

    private Behavior<Command> afterStep() {
        if (isComplete() || stopRequested) {
            return finish();
        }
        checkpointDue |= isDue(config.checkpoint().everySteps());
        saveIfDue();
        if (length.isMeasured(elapsedSeconds) && !side.isEvaluating()) {
            rehearseEvaluation();
        } else if (isDue(config.eval().everySteps())) {
            evaluate();
        }
        return continueIfFree();
    }

    /** While the loss is too high, no checkpoint takes the place of one before that. */
    private void saveIfDue() {
        if (checkpointDue && !side.isSaving() && spikes.highSteps() == 0) {
            checkpointDue = false;
            saveCheckpoint();
        }
    }

    private void evaluate() {
        side.evaluateIfIdle(step, config.eval().windows());
        startDeadline();
    }

    private boolean isDue(int everySteps) {
        return everySteps > 0 && step % everySteps == 0;
    }

    /** Starts the next step, unless one is running or something copies the weights. */
    private Behavior<Command> continueIfFree() {
        stopDeadlineIfFree();
        if (isFree()) {
            if (stopRequested) {
                return finish();
            }
            Reshaping next = reshaping;
            if (next == null || !awaitsReshaping()) {
                runStep();
            } else if (side.checkpointStep() == step && !side.isSaving()) {
                return endFor(next);
            }
        }
        return Behaviors.same();
    }

    private boolean isFree() {
        // A step tells that all before it is recorded: whoever takes the run over does not evaluate again.
        boolean recorded = !reporter.isWritingOnce() && !(workers.evaluateBetweenSteps() && side.isEvaluating());
        return !stepRunning && !rehearsing && !side.isCopying() && !reporter.isFull() && recorded;
    }

    private void saveCheckpoint() {
        reporter.flush(); // before the checkpoint is complete: a resume needs the lines up to its step
        side.save(new TrainingState(
                step,
                planner.position(),
                progress.tokens(),
                progress.curve(),
                ResumeCheck.settings(config, length.totalSteps(), run.tokens())));
        startDeadline();
    }

    private void startDeadline() {
        if (!workers.haveOwnDeadlines()) {
            int seconds = config.train().stepTimeoutSeconds();
            String what = "the weights were not copied within " + seconds + " s (train.stepTimeoutSeconds)";
            timers.startSingleTimer(Overdue.class, new Overdue(what), Duration.ofSeconds(seconds));
        }
    }

    private void stopDeadlineIfFree() {
        if (!side.isCopying()) {
            timers.cancel(Overdue.class);
        }
    }

    // ---- a loss that leaves its course

    private Behavior<Command> diverged(StepRunner.StepDiverged diverged) {
        if (Double.isFinite(diverged.loss()) && planner.shrinkLossScale()) {
            reporter.lossScaled(step, planner.lossScale());
            return continueIfFree();
        }
        return goBack(divergence.from(diverged, order, length.totalSteps()));
    }

    /** Ends here, for another attempt to go on from a checkpoint. */
    private Behavior<Command> goBack(GoingBack back) {
        if (!divergence.mayGoBack()) {
            return fail(divergence.failure(back, side.checkpointPath()));
        }
        context.getLog().warn("Run {} goes back: {}", setup.runId(), back.reason());
        return endFor(back);
    }

    // ---- another mesh

    private Behavior<Command> onMesh(MeshEvent event) {
        reporter.meshChanged(event, step);
        return switch (event) {
            case MeshEvent.OtherMesh other -> {
                reshaping = new Reshaping(other.mesh(), other.cause());
                yield other.isUrgent() ? endFor(reshaping) : Behaviors.same();
            }
            case MeshEvent.CheckpointDamaged damaged -> endFor(new Restarting(step, damaged.message()));
            case MeshEvent.Seated _, MeshEvent.Recovered _, MeshEvent.NodeFailed _ -> Behaviors.same();
        };
    }

    /** A larger mesh begins with the step that the run is at. Whether that is waited for. */
    private boolean awaitsReshaping() {
        if (reshaping == null || spikes.highSteps() > 0) {
            return false;
        }
        if (!side.isSaving() && side.checkpointStep() < step) {
            saveCheckpoint();
        }
        return true;
    }

    // ---- finishing

    private Behavior<Command> finish() {
        boolean complete = isComplete();
        context.getLog().info("Run {} {} at step {}", setup.runId(), complete ? "is complete" : "stops", step);
        reporter.flush();
        saveFinalCheckpoint();
        if (complete) {
            side.evaluateFinal(step, config.eval().finalWindows());
            startDeadline();
        }
        return finishIfDone();
    }

    private void saveFinalCheckpoint() {
        if (side.checkpointStep() != step && !side.isSaving()) {
            saveCheckpoint();
        }
    }

    private Behavior<Command> finishing(Command command) {
        return switch (command) {
            case Stop _ -> Behaviors.same();
            case CheckpointAnswered(CheckpointWriter.NotWritten failed)
            when failed.step() == step -> fail("the final checkpoint could not be written: " + failed.message());
            case CheckpointAnswered(CheckpointWriter.Answer answer) -> {
                side.onCheckpoint(answer);
                saveFinalCheckpoint();
                yield finishIfDone();
            }
            case EvaluationAnswered(Evaluator.Answer answer) -> {
                side.onEvaluation(answer);
                yield finishIfDone();
            }
            case JournalAnswered(RunJournal.Recorded recorded) -> {
                reporter.onRecorded(recorded);
                yield finishIfDone();
            }
            case Overdue(String what) -> fail(what);
            case Assembled _, StepEnded _, MeshChanged _, Ended _ -> Behaviors.unhandled();
        };
    }

    private Behavior<Command> finishIfDone() {
        stopDeadlineIfFree();
        String path = side.checkpointPath();
        boolean evaluated = !isComplete() || (side.finalLoss() != null && side.isEvaluated());
        if (path == null || side.checkpointStep() != step || side.isSaving() || !evaluated || reporter.isWriting()) {
            return behavior(this::finishing);
        }
        TrainingSummary written = summary;
        if (written != null) {
            listener.tell(new TrainingEvent.Completed(setup.runId(), written));
            return Behaviors.stopped();
        }
        summary = reporter.summarize(step, length.totalSteps(), side.finalLoss(), secondsSinceBegin(), path);
        return behavior(this::finishing);
    }

    // ---- always

    private Behavior<Command> fail(String message) {
        context.getLog().error("Run {} failed: {}", setup.runId(), message);
        return endWhenWritten(() -> listener.tell(new TrainingEvent.Failed(setup.runId(), message)));
    }

    private Behavior<Command> endWhenWritten(Runnable farewell) {
        return new LastLines(timers, reporter, farewell, run.memory()).behavior();
    }

    /** Another attempt goes on. */
    private Behavior<Command> endFor(NextAttempt next) {
        Ended message = new Ended(next, beginNanos, run.memory().freed());
        return endWhenWritten(() -> attempt.parent().tell(message));
    }

    private interface State {
        Behavior<Command> onCommand(Command command);
    }

    private Behavior<Command> behavior(State state) {
        return Behaviors.receive(Command.class)
                .onMessage(MeshChanged.class, changed -> onMesh(changed.event()))
                .onAnyMessage(state::onCommand)
                .onSignal(
                        ChildFailed.class,
                        signal -> fail(signal.getRef().path().name() + " failed: "
                                + TrainingCoordinator.userMessage(signal.getCause())))
                .onSignal(PostStop.class, signal -> {
                    run.memory().close();
                    return Behaviors.same();
                })
                .build();
    }
}
