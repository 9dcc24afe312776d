package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.EvaluationScheduler;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.model.format.TrainingState;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What goes on beside the steps: at most one checkpoint and one evaluation of the weights, or evaluations of
 * checkpoints by other nodes, if there are any. Part of the coordinator's state, so used by its thread only. Steps must
 * wait while {@link #isCopying}; everything else runs along.
 */
final class SideWork {
    private final ActorRef<CheckpointWriter.Save> writer;
    private final ActorRef<CheckpointWriter.Answer> writerAnswers;
    private final ActorRef<Evaluator.Evaluate> evaluator;
    private final ActorRef<EvaluationScheduler.Command> scheduler;
    private final ActorRef<Evaluator.Answer> evaluatorAnswers;
    private final boolean hasShadow;
    private final RunReporter reporter;
    private final Logger log;

    private boolean saving;
    private boolean copyingForCheckpoint;
    private double checkpointPause;
    private long checkpointStep = -1;
    private @Nullable String checkpointPath;
    private boolean evaluating;
    private boolean copyingForEvaluation;
    private boolean haveEvaluationNodes;
    private final Set<Long> unevaluated = new HashSet<>(); // steps of checkpoints that nodes have not answered for
    private boolean shadowAwaited;
    private long finalStep = -1;
    private @Nullable Double finalLoss;

    SideWork(
            RunAssembly run,
            RunWorkers workers,
            ActorRef<CheckpointWriter.Answer> writerAnswers,
            ActorRef<Evaluator.Answer> evaluatorAnswers,
            boolean hasShadow,
            RunReporter reporter,
            Logger log) {
        this.writer = workers.writer();
        this.writerAnswers = writerAnswers;
        this.evaluator = workers.evaluator();
        this.scheduler = workers.scheduler();
        this.evaluatorAnswers = evaluatorAnswers;
        this.hasShadow = hasShadow;
        this.reporter = reporter;
        this.log = log;
        run.backlog().checkpoints().forEach(checkpoint -> unevaluated.add(checkpoint.step()));
        scheduler.tell(new EvaluationScheduler.Begin(evaluatorAnswers));
        TrainingState resumed = run.resumed();
        if (resumed != null) {
            checkpointStep = resumed.step();
            checkpointPath = run.resumedFrom();
        }
    }

    /** Whether the weights must not change. */
    boolean isCopying() {
        return copyingForCheckpoint || copyingForEvaluation;
    }

    /** Whether a checkpoint is under way. */
    boolean isSaving() {
        return saving;
    }

    /** Whether other nodes evaluate the run's checkpoints. */
    boolean haveEvaluationNodes() {
        return haveEvaluationNodes;
    }

    /** Whether an evaluation is under way. */
    boolean isEvaluating() {
        return evaluating;
    }

    /** Step of the last checkpoint on disk; -1 for none. */
    long checkpointStep() {
        return checkpointStep;
    }

    /** Whether there is none of the last step up to this one that was to have one. */
    boolean isBehind(long step, int everySteps) {
        long lastDue = everySteps == 0 ? 0 : step - step % everySteps;
        return lastDue > 0 && checkpointStep < lastDue;
    }

    /** The last checkpoint on disk. */
    @Nullable String checkpointPath() {
        return checkpointPath;
    }

    /** Starts a checkpoint; not while one {@link #isSaving}. */
    void save(TrainingState state) {
        saving = true;
        copyingForCheckpoint = true;
        writer.tell(new CheckpointWriter.Save(state, writerAnswers));
    }

    /** The held-out loss that {@link #evaluateFinal} has found; null before. */
    @Nullable Double finalLoss() {
        return finalLoss;
    }

    /** Whether a run that is complete has heard of all that other nodes evaluate. */
    boolean isEvaluated() {
        return !shadowAwaited && (unevaluated.isEmpty() || !haveEvaluationNodes);
    }

    /**
     * Evaluates the weights of this step in what time the steps leave, unless an evaluation is still running, or there
     * are nodes that evaluate checkpoints.
     */
    void evaluateIfIdle(long step, int windows) {
        if (haveEvaluationNodes) {
            return;
        }
        if (evaluating) {
            log.info("No evaluation at step {}: the one before is still running", step);
        } else {
            evaluate(step, windows, false);
        }
    }

    /** Evaluates the weights of this step without pauses, after the evaluation that may be running. */
    void evaluateAtOnce(long step, int windows) {
        evaluate(step, windows, true);
    }

    private void evaluate(long step, int windows, boolean urgent) {
        begin(step);
        evaluator.tell(new Evaluator.Evaluate(step, windows, urgent, evaluatorAnswers));
    }

    private void begin(long step) {
        evaluating = true;
        copyingForEvaluation = true;
        reporter.evaluationBegins(step);
    }

    /** Evaluates the last weights of a run that is complete: from their checkpoint, where there are nodes for that. */
    void evaluateFinal(long step, int windows) {
        finalStep = step;
        shadowAwaited = hasShadow;
        begin(step);
        scheduler.tell(new EvaluationScheduler.EvaluateFinal(step, windows));
        if (checkpointStep == step && checkpointPath != null) {
            scheduler.tell(new EvaluationScheduler.CheckpointWritten(step, checkpointPath));
        }
    }

    void onCheckpoint(CheckpointWriter.Answer answer) {
        switch (answer) {
            case CheckpointWriter.SnapshotTaken taken -> {
                copyingForCheckpoint = false;
                checkpointPause = taken.pauseSeconds();
            }
            case CheckpointWriter.Written written -> {
                saving = false;
                checkpointStep = written.step();
                checkpointPath = written.path();
                unevaluated.add(written.step());
                scheduler.tell(new EvaluationScheduler.CheckpointWritten(written.step(), written.path()));
                reporter.checkpointWritten(written, checkpointPause);
            }
            case CheckpointWriter.NotWritten failed -> {
                saving = false;
                copyingForCheckpoint = false;
                reporter.checkpointFailed(failed);
            }
        }
    }

    void onEvaluation(Evaluator.Answer answer) {
        switch (answer) {
            case Evaluator.WeightsCopied _ -> copyingForEvaluation = false;
            case Evaluator.Refused refused -> {
                copyingForEvaluation = false;
                evaluating = false;
                log.warn("The evaluator refused to evaluate step {}", refused.step());
            }
            case Evaluator.Evaluated evaluated -> {
                onEvaluated(evaluated.step(), evaluated.loss());
                reporter.evaluated(evaluated);
            }
            case EvaluationScheduler.News news -> onNews(news);
        }
    }

    private void onEvaluated(long step, double loss) {
        evaluating = false;
        if (step == finalStep) {
            unevaluated.remove(step);
            finalLoss = loss;
        }
    }

    private void onNews(EvaluationScheduler.News news) {
        switch (news) {
            case EvaluationScheduler.NodesChanged changed -> {
                haveEvaluationNodes = !changed.nodes().isEmpty();
                reporter.evaluatorsChanged(changed.nodes());
            }
            case EvaluationScheduler.TasksUnmeasured unmeasured ->
                reporter.tasksUnmeasured(unmeasured.step(), unmeasured.tasks());
            case EvaluationScheduler.OnNode result -> {
                unevaluated.remove(result.step());
                if (result.isFinal()) {
                    onEvaluated(result.step(), result.model().loss());
                }
                reporter.evaluated(result);
            }
            case EvaluationScheduler.LeftOut leftOut -> {
                unevaluated.remove(leftOut.step());
                if (haveEvaluationNodes) {
                    reporter.evaluationFailed(
                            leftOut.step(),
                            leftOut.message() == null
                                    ? "evaluation nodes lag behind: raise checkpoint.keep, or add a node"
                                    : leftOut.message());
                }
            }
            case EvaluationScheduler.ShadowMeasured shadow -> {
                shadowAwaited &= !shadow.isFinal();
                reporter.shadowEvaluated(shadow.step(), shadow.model());
            }
            case EvaluationScheduler.ShadowFailed failed -> {
                shadowAwaited &= !failed.isFinal();
                reporter.shadowFailed(failed.step(), failed.message());
            }
        }
    }
}
