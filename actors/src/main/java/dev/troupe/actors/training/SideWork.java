package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.model.format.TrainingState;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What goes on beside the steps: at most one checkpoint and one evaluation. Part of the coordinator's state, so used by
 * its thread only. Steps must wait while {@link #isCopying}; everything else runs along.
 */
final class SideWork {
    private final ActorRef<CheckpointWriter.Save> writer;
    private final ActorRef<CheckpointWriter.Answer> writerAnswers;
    private final ActorRef<Evaluator.Evaluate> evaluator;
    private final ActorRef<Evaluator.Answer> evaluatorAnswers;
    private final RunReporter reporter;
    private final Logger log;

    private boolean saving;
    private boolean copyingForCheckpoint;
    private double checkpointPause;
    private long checkpointStep = -1;
    private @Nullable String checkpointPath;
    private boolean evaluating;
    private boolean copyingForEvaluation;

    SideWork(
            RunAssembly run,
            ActorRef<CheckpointWriter.Save> writer,
            ActorRef<CheckpointWriter.Answer> writerAnswers,
            ActorRef<Evaluator.Evaluate> evaluator,
            ActorRef<Evaluator.Answer> evaluatorAnswers,
            RunReporter reporter,
            Logger log) {
        this.writer = writer;
        this.writerAnswers = writerAnswers;
        this.evaluator = evaluator;
        this.evaluatorAnswers = evaluatorAnswers;
        this.reporter = reporter;
        this.log = log;
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

    /** Evaluates the weights of this step in what time the steps leave, unless an evaluation is still running. */
    void evaluateIfIdle(long step, int windows) {
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
        evaluating = true;
        copyingForEvaluation = true;
        reporter.evaluationBegins(step);
        evaluator.tell(new Evaluator.Evaluate(step, windows, urgent, evaluatorAnswers));
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
                evaluating = false;
                reporter.evaluated(evaluated);
            }
        }
    }
}
