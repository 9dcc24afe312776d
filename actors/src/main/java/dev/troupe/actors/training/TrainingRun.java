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
import dev.troupe.actors.training.TrainingCoordinator.CheckpointAnswered;
import dev.troupe.actors.training.TrainingCoordinator.Command;
import dev.troupe.actors.training.TrainingCoordinator.Environment;
import dev.troupe.actors.training.TrainingCoordinator.EvaluationAnswered;
import dev.troupe.actors.training.TrainingCoordinator.JournalAnswered;
import dev.troupe.actors.training.TrainingCoordinator.MeshChanged;
import dev.troupe.actors.training.TrainingCoordinator.Overdue;
import dev.troupe.actors.training.TrainingCoordinator.StepEnded;
import dev.troupe.actors.training.TrainingCoordinator.Stop;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.run.ResumeCheck;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.actors.training.run.RunJournal;
import dev.troupe.actors.training.run.RunProgress;
import dev.troupe.actors.training.run.StepBudget;
import dev.troupe.actors.training.run.StepMeasure;
import dev.troupe.actors.training.run.StepPlanner;
import dev.troupe.actors.training.run.UtilizationMeter;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.optim.LearningRateSchedule;
import dev.troupe.model.transformer.ParameterLayout;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's behavior once everything is in memory: training, finishing, and failing when it must.
 *
 * <p>With a time budget the first steps are measured, at the schedule's warm-up and highest rate, and then the number
 * of steps is fixed, once: checkpoints carry it, so that a resumed run has the same schedule.
 *
 * <p>Between two steps it may hold the next one back: for as long as a checkpoint or an evaluation copies the weights.
 * Nothing else of theirs is waited for before the end.
 */
final class TrainingRun {
    static final String NOTHING_TO_SAVE = "the run was stopped before its first step: there is nothing to save";

    /** Batches of windows of the evaluation that is measured then. */
    private static final int REHEARSED_BATCHES = 8;

    /** How long a failed run waits for its last metrics to be written. */
    private static final Duration LAST_LINES = Duration.ofSeconds(5);

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
    private final long beginNanos;

    private final RunWorkers workers;
    private final ActorRef<StepRunner.StepResult> stepAnswers;

    private final StepMeasure measure;
    private final StepPlanner planner;
    private long step;
    private long totalSteps;
    private LearningRateSchedule schedule;
    private StepOrder order;
    private boolean stopRequested;
    private boolean stepRunning;
    private boolean rehearsing;
    private double elapsedSeconds;
    private boolean checkpointDue;
    private @Nullable TrainingSummary summary;

    TrainingRun(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            TrainingSetup setup,
            ActorRef<TrainingEvent> listener,
            RunAssembly run,
            Environment environment) {
        this.context = context;
        this.timers = timers;
        this.setup = setup;
        this.config = setup.config();
        this.listener = listener;
        this.run = run;
        this.environment = environment;
        this.progress = run.progress();
        this.measure = new StepMeasure(budgetSeconds());
        this.beginNanos = environment.nanoClock().getAsLong();
        step = run.position().step();
        totalSteps = run.position().totalSteps();
        schedule = scheduleOf(totalSteps);
        planner = run.planner();
        order = planner.next(schedule.at(step));

        ActorRef<RunJournal.Command> journal =
                spawn(RunJournal.create(run.metrics(), run.directory()), "journal", DispatcherSelector.blocking());
        reporter = new RunReporter(
                setup.runId(),
                listener,
                context.getLog(),
                progress,
                new UtilizationMeter(run.model(), run.parts().nodes()),
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

        stepAnswers = context.messageAdapter(StepRunner.StepResult.class, StepEnded::new);
    }

    private <T> ActorRef<T> spawn(Behavior<T> behavior, String name, Props props) {
        ActorRef<T> child = context.spawn(behavior, name, props);
        context.watch(child);
        return child;
    }

    private Duration timeout() {
        return Duration.ofSeconds(config.train().stepTimeoutSeconds());
    }

    private LearningRateSchedule scheduleOf(long steps) {
        return new LearningRateSchedule(RunAssembly.optimizerOptions(config, steps));
    }

    Behavior<Command> begin() {
        long parameters = ParameterLayout.of(run.model()).size();
        listener.tell(new TrainingEvent.Started(
                setup.runId(), parameters, setup.tokensPerStep(), step, totalSteps, run.resumedFrom()));
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

    private boolean isUnfixed() {
        return totalSteps == 0;
    }

    private double budgetSeconds() {
        return config.train().minutes() * 60;
    }

    private int finalWindows() {
        return run.windows().count(config.eval().finalWindows());
    }

    /** Measures an evaluation while the steps stand still; its answer fixes the number of steps. */
    private void rehearseEvaluation() {
        rehearsing = true;
        side.evaluateAtOnce(
                step, Math.min(finalWindows(), REHEARSED_BATCHES * run.parts().evaluationBatch()));
        startDeadline();
    }

    private void fixSteps(Evaluator.Evaluated rehearsal) {
        rehearsing = false;
        double secondsPerStep = measure.secondsPerStep();
        StepBudget budget = new StepBudget(
                secondsPerStep,
                rehearsal.secondsPerWindow(),
                config.eval().everySteps(),
                run.windows().count(config.eval().windows()),
                finalWindows());
        elapsedSeconds = secondsSince(beginNanos);
        totalSteps = step + planner.stepsOf(budget.steps(budgetSeconds() - elapsedSeconds));
        schedule = scheduleOf(totalSteps);
        context.getLog()
                .info(
                        "{} steps of {} s, {} of them done, fit into {} minutes",
                        totalSteps,
                        secondsPerStep,
                        step,
                        config.train().minutes());
        reporter.stepsFixed(step, totalSteps, secondsPerStep);
    }

    private double secondsSince(long nanos) {
        return (environment.nanoClock().getAsLong() - nanos) * 1e-9;
    }

    // ---- training

    private Behavior<Command> train() {
        progress.start(environment.nanoClock().getAsLong());
        if (isComplete()) {
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
        return !isUnfixed() && step >= totalSteps;
    }

    private void runStep() {
        stepRunning = true;
        order = planner.next(schedule.at(step));
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
                yield afterStep();
            }
            case StepEnded(StepRunner.StepDiverged diverged) -> diverged(diverged);
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
            case Overdue(String what) -> overdue(what);
            case Assembled _, MeshChanged _ -> Behaviors.unhandled();
        };
    }

    private void onStep(StepRunner.StepDone done) {
        step++;
        long now = environment.nanoClock().getAsLong();
        planner.done(order);
        long tokens = planner.tokensOf(order);
        double seconds = progress.stepDone(step, done.loss(), tokens, now);
        elapsedSeconds = (now - beginNanos) * 1e-9;
        if (isUnfixed()) {
            measure.add(seconds * planner.lengthOfFullStep(order));
        }
        long stepsToCome = isUnfixed() ? planner.stepsOf(measure.remainingSteps(elapsedSeconds)) : totalSteps - step;
        long tokensToCome = planner.tokensOf(stepsToCome);
        reporter.stepDone(step, step + stepsToCome, order, tokens, tokensToCome, done, seconds, now);
    }

    private Behavior<Command> afterStep() {
        if (isComplete() || stopRequested) {
            return finish();
        }
        checkpointDue |= isDue(config.checkpoint().everySteps());
        saveIfDue();
        if (isUnfixed() && measure.isEnough(elapsedSeconds) && !side.isEvaluating()) {
            rehearseEvaluation();
        } else if (isDue(config.eval().everySteps())) {
            evaluate();
        }
        return continueIfFree();
    }

    private void saveIfDue() {
        if (checkpointDue && !side.isSaving()) {
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
            runStep();
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
                ResumeCheck.settings(config, totalSteps, run.tokens())));
        startDeadline();
    }

    private void startDeadline() {
        if (workers.haveOwnDeadlines()) {
            return;
        }
        timers.startSingleTimer(
                Overdue.class,
                new Overdue("the weights were not copied within " + timeout().toSeconds() + " s"),
                timeout());
    }

    private void stopDeadlineIfFree() {
        if (!side.isCopying()) {
            timers.cancel(Overdue.class);
        }
    }

    private Behavior<Command> diverged(StepRunner.StepDiverged diverged) {
        return fail("training diverged at step " + (diverged.step() + 1) + ": loss " + diverged.loss()
                + ", gradient norm " + diverged.gradientNorm()
                + ". Lower optimizer.learningRate or raise optimizer.warmupSteps; "
                + (side.checkpointPath() == null
                        ? "there is no checkpoint yet"
                        : "the last good checkpoint is " + side.checkpointPath()));
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
            case Overdue(String what) -> overdue(what);
            case Assembled _, StepEnded _, MeshChanged _ -> Behaviors.unhandled();
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
        summary = reporter.summarize(step, totalSteps, side.finalLoss(), secondsSince(beginNanos), path);
        return behavior(this::finishing);
    }

    // ---- always

    private Behavior<Command> overdue(String what) {
        return fail(what + " (train.stepTimeoutSeconds)");
    }

    private Behavior<Command> fail(String message) {
        context.getLog().error("Run {} failed: {}", setup.runId(), message);
        timers.startSingleTimer(Overdue.class, new Overdue("the metrics"), LAST_LINES);
        reporter.flush();
        return failWhenWritten(message);
    }

    /** The last lines before a failure are the ones that somebody will read. */
    private Behavior<Command> failWhenWritten(String message) {
        return reporter.isWriting() ? behavior(command -> failing(command, message)) : failNow(message);
    }

    private Behavior<Command> failing(Command command, String message) {
        return switch (command) {
            case JournalAnswered(RunJournal.Recorded recorded) -> {
                reporter.onRecorded(recorded);
                yield failWhenWritten(message);
            }
            case Overdue _ -> failNow(message);
            case Stop _, Assembled _, StepEnded _, CheckpointAnswered _, EvaluationAnswered _, MeshChanged _ ->
                Behaviors.same();
        };
    }

    private Behavior<Command> failNow(String message) {
        listener.tell(new TrainingEvent.Failed(setup.runId(), message));
        return Behaviors.stopped();
    }

    private interface State {
        Behavior<Command> onCommand(Command command);
    }

    private Behavior<Command> behavior(State state) {
        return Behaviors.receive(Command.class)
                .onMessage(MeshChanged.class, changed -> {
                    reporter.meshChanged(changed.event(), step);
                    return Behaviors.same();
                })
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
