package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.actors.telemetry.TrainingMetrics;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.EvaluationScheduler;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.eval.MeasuredModel;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.actors.training.run.RunJournal;
import dev.troupe.actors.training.run.RunProgress;
import dev.troupe.actors.training.run.UtilizationMeter;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.TrainingFlops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Tells everybody what happened in a run: listener, instruments, metrics file, log. Part of the coordinator's state, so
 * used by its thread only. One message at a time goes to the journal; lines wait here meanwhile.
 */
final class RunReporter {
    /** Lines that may wait for the disk before training waits for it, too: trainer nodes remember more steps. */
    private static final int MAX_PENDING_LINES = TrainerNode.REMEMBERED_STEPS / 2;

    /**
     * Steps are written in batches: on a small machine every wake-up of another thread takes a core from the kernels.
     */
    private static final long FLUSH_NANOS = 500_000_000L;

    private final String runId;
    private final ActorRef<TrainingEvent> listener;
    private final Logger log;
    private final RunProgress progress;
    private final Map<Long, Long> tokensEvaluated = new HashMap<>(); // by step, of evaluations under way
    private final UtilizationMeter utilization;
    private final ActorRef<RunJournal.Command> journal;
    private final ActorRef<RunJournal.Recorded> journalAnswers;
    private final TrainingMetrics instruments;
    private final List<MetricsLine> pendingLines = new ArrayList<>();
    private boolean writing;
    private boolean flushWhenFree;
    private int pendingOnce; // lines that nobody could say again
    private boolean writingOnce;
    private long nowNanos;
    private long lastFlushNanos;
    private @Nullable Double valLoss;
    private long valStep = -1;
    private String shadowProblem = "";

    RunReporter(
            String runId,
            ActorRef<TrainingEvent> listener,
            Logger log,
            RunProgress progress,
            UtilizationMeter utilization,
            ActorRef<RunJournal.Command> journal,
            ActorRef<RunJournal.Recorded> journalAnswers) {
        this.runId = runId;
        this.listener = listener;
        this.log = log;
        this.progress = progress;
        this.utilization = utilization;
        this.journal = journal;
        this.journalAnswers = journalAnswers;
        this.instruments = Metrics.training(runId);
    }

    /** This process leads the run from here on. */
    void begins(long step, RunAssembly run) {
        ModelConfig model = run.model();
        write(new MetricsLine.Begin(
                step,
                ParameterLayout.of(model).size(),
                TrainingFlops.perToken(model),
                run.parts().nodes()));
        MetricsLine.Shadow shadow = run.backlog().shadow();
        if (shadow != null) {
            tell(shadow);
        }
    }

    /**
     * A step is done that {@link RunProgress} knows already.
     *
     * @param totalSteps may be an estimate
     * @param tokensToCome of the steps after this one
     */
    void stepDone(
            long step,
            long totalSteps,
            StepOrder order,
            long tokens,
            long tokensToCome,
            StepRunner.StepDone done,
            double seconds,
            long nanos) {
        double learningRate = order.learningRate();
        nowNanos = nanos;
        StepRunner.StepTimes times = done.times();
        utilization.step(seconds, times);
        double throughput = progress.tokensPerSecond();
        instruments.step(tokens, done.loss(), learningRate, done.gradientNorm(), throughput);
        instruments.part(TrainingMetrics.Part.DATA, times.data());
        instruments.part(TrainingMetrics.Part.FORWARD_BACKWARD, times.forwardBackward());
        instruments.part(TrainingMetrics.Part.GRADIENT_NORM, times.gradientNorm());
        instruments.part(TrainingMetrics.Part.OPTIMIZER, times.optimizer());
        if (times.communication() > 0) {
            instruments.part(TrainingMetrics.Part.COMMUNICATION, times.communication());
            instruments.part(TrainingMetrics.Part.COPIES, times.copies());
        }
        instruments.part(TrainingMetrics.Part.TOTAL, seconds);
        write(MetricsLine.Step.of(
                step, done.loss(), learningRate, done.gradientNorm(), progress.tokens(), seconds, times));
        double eta = throughput == 0 ? 0 : tokensToCome / throughput;
        listener.tell(new TrainingEvent.Progress(
                runId,
                step,
                totalSteps,
                done.loss(),
                valLoss,
                learningRate,
                done.gradientNorm(),
                progress.tokens(),
                throughput,
                eta));
    }

    void checkpointWritten(CheckpointWriter.Written written, double pauseSeconds) {
        instruments.checkpointWritten(pauseSeconds, written.seconds());
        write(new MetricsLine.Checkpoint(written.step(), written.path(), pauseSeconds, written.seconds()));
        listener.tell(new TrainingEvent.CheckpointWritten(
                runId, written.path(), written.step(), pauseSeconds, written.seconds()));
    }

    void checkpointFailed(CheckpointWriter.NotWritten failed) {
        instruments.checkpointFailed();
        log.error("No checkpoint at step {}; training goes on: {}", failed.step(), failed.message());
        write(new MetricsLine.CheckpointFailure(failed.step(), failed.message()));
        listener.tell(new TrainingEvent.CheckpointFailed(runId, failed.step(), failed.message()));
    }

    /** An evaluation of the weights after this step begins. */
    void evaluationBegins(long step) {
        tokensEvaluated.put(step, progress.tokens());
    }

    void evaluated(Evaluator.Evaluated evaluated) {
        Long tokens = tokensEvaluated.remove(evaluated.step());
        evaluated(
                tokens == null ? progress.tokens() : tokens,
                new MetricsLine.Evaluation(
                        evaluated.step(), evaluated.loss(), evaluated.tokens(), evaluated.busySeconds()));
    }

    /** A node has evaluated a checkpoint, of a step that may be long past. */
    void evaluated(EvaluationScheduler.OnNode result) {
        MeasuredModel model = result.model();
        evaluated(
                model.trainedTokens() < 0 ? progress.tokens() : model.trainedTokens(),
                new MetricsLine.Evaluation(
                        result.step(), model.loss(), model.tokens(), model.seconds(), result.node(), model.scores()));
        model.problems().forEach(problem -> evaluationFailed(result.step(), problem));
    }

    private void evaluated(long trainedTokens, MetricsLine.Evaluation line) {
        if (line.step() >= valStep) {
            valStep = line.step();
            valLoss = line.valLoss();
            instruments.evaluated(line.valLoss());
        }
        progress.evaluated(line.step(), trainedTokens, line.valLoss());
        write(line);
        listener.tell(new TrainingEvent.Evaluated(
                runId, line.step(), line.valLoss(), line.tokens(), line.busySeconds(), line.node(), line.scores()));
    }

    /** A checkpoint was not evaluated, or not by all tasks. */
    void evaluationFailed(long step, String message) {
        log.warn("The checkpoint of step {} is not evaluated, or not by all tasks: {}", step, message);
        write(new MetricsLine.EvaluationFailure(step, message));
        listener.tell(new TrainingEvent.EvaluationFailed(runId, step, message));
    }

    /** There is no node that measures these tasks. */
    void tasksUnmeasured(long step, List<String> tasks) {
        String message = "nobody measures " + String.join(", ", tasks)
                + " (eval.tasks): start a node of the cluster with -D troupe.node.roles=[eval], or leave them out";
        log.warn("Run {}: {}", runId, message);
        write(new MetricsLine.EvaluationFailure(step, message));
        listener.tell(new TrainingEvent.TasksUnmeasured(runId, message));
    }

    /** Nodes that evaluate checkpoints have come or gone. */
    void evaluatorsChanged(List<String> nodes) {
        log.info("Evaluation nodes: {}", nodes.isEmpty() ? "none; the run evaluates itself" : nodes);
        listener.tell(new TrainingEvent.EvaluatorsChanged(runId, nodes));
    }

    /** The model that the run is compared with was evaluated. */
    void shadowEvaluated(long step, MeasuredModel model) {
        MetricsLine.Shadow line = new MetricsLine.Shadow(
                step,
                model.path(),
                model.parameters(),
                model.trainedTokens(),
                model.windows(),
                model.loss(),
                model.tokens(),
                model.seconds());
        write(line);
        tell(line);
    }

    private void tell(MetricsLine.Shadow line) {
        listener.tell(new TrainingEvent.ShadowEvaluated(
                runId, line.path(), line.parameters(), line.windows(), line.valLoss()));
    }

    /** It could not be; said once, though it is tried again. */
    void shadowFailed(long step, String message) {
        if (!shadowProblem.equals(message)) {
            shadowProblem = message;
            evaluationFailed(step, "the shadow: " + message);
        }
    }

    void stepsFixed(long step, long totalSteps, double secondsPerStep) {
        write(new MetricsLine.StepsFixed(step, totalSteps));
        listener.tell(new TrainingEvent.StepsFixed(runId, totalSteps, secondsPerStep));
    }

    /**
     * Another attempt at the run begins; its metrics have the line already.
     *
     * @param checkpoint that it goes on from; null for its beginning
     */
    void beginsAnew(MetricsLine.Anew line, @Nullable String checkpoint) {
        listener.tell(
                switch (line) {
                    case MetricsLine.Rollback back ->
                        new TrainingEvent.RolledBack(
                                runId,
                                back.fromStep(),
                                back.step(),
                                back.reason(),
                                back.learningRateFactor(),
                                checkpoint);
                    case MetricsLine.Reshape reshape ->
                        new TrainingEvent.Reshaped(runId, reshape.step(), reshape.mesh(), reshape.cause());
                    case MetricsLine.Restart restart ->
                        new TrainingEvent.Restarted(
                                runId, restart.fromStep(), restart.step(), restart.cause(), checkpoint);
                });
    }

    /** The gradients of the step after this one overflowed. */
    void lossScaled(long step, double lossScale) {
        log.info("The gradients of step {} overflow: it is taken again with a loss scale of {}", step + 1, lossScale);
        write(new MetricsLine.LossScaled(step, lossScale));
    }

    /** Ranks of a mesh were seated, or go on; {@code steps} are done. */
    void meshChanged(MeshEvent event, long steps) {
        utilization.seated(event);
        switch (event) {
            case MeshEvent.Seated seated -> {
                write(new MetricsLine.Seating(steps, seated.seconds(), seated.nodes()));
                listener.tell(new TrainingEvent.Seated(runId, seated.placement(), seated.seconds(), seated.nodes()));
            }
            case MeshEvent.Recovered recovered -> {
                write(new MetricsLine.Recovery(
                        steps, recovered.lost(), recovered.cause(), recovered.seconds(), recovered.nodes()));
                listener.tell(new TrainingEvent.Recovered(
                        runId,
                        recovered.step(),
                        recovered.lost(),
                        recovered.cause(),
                        recovered.placement(),
                        recovered.seconds(),
                        recovered.nodes()));
            }
            case MeshEvent.NodeFailed _, MeshEvent.OtherMesh _, MeshEvent.CheckpointDamaged _ -> {
                // MeshReporter tells of it
            }
        }
    }

    /** Makes the run's summary, and has it written. */
    TrainingSummary summarize(
            long step, long totalSteps, @Nullable Double finalLoss, double seconds, String checkpoint) {
        TrainingSummary summary = new TrainingSummary(
                step,
                totalSteps,
                progress.tokens(),
                progress.meanLoss(),
                finalLoss,
                progress.meanTokensPerSecond(),
                seconds,
                checkpoint,
                utilization.result(progress.meanTokensPerSecond()));
        writing = true;
        journal.tell(new RunJournal.Summarize(summary, journalAnswers));
        return summary;
    }

    /** The journal has answered. */
    void onRecorded(RunJournal.Recorded recorded) {
        writing = false;
        writingOnce = false;
        if (recorded.failure() != null) {
            log.error("Metrics of run {} are not written: {}", runId, recorded.failure());
        }
        if (flushWhenFree) {
            flushWhenFree = false;
            flush();
        }
    }

    /** Whether training should wait for the disk. */
    boolean isFull() {
        return pendingLines.size() >= MAX_PENDING_LINES;
    }

    /** Whether something is not on disk yet that would be lost with this process, unlike steps. */
    boolean isWritingOnce() {
        return writingOnce || pendingOnce > 0;
    }

    /** Whether something is not on disk yet. */
    boolean isWriting() {
        return writing || !pendingLines.isEmpty();
    }

    private void write(MetricsLine line) {
        pendingLines.add(line);
        pendingOnce += line instanceof MetricsLine.Step ? 0 : 1;
        if (pendingOnce > 0 || pendingLines.size() >= MAX_PENDING_LINES || nowNanos - lastFlushNanos > FLUSH_NANOS) {
            flush();
        }
    }

    /** Sends what waits to the disk, unless that is busy: then it goes when the disk is free. */
    void flush() {
        if (writing) {
            flushWhenFree = true;
        } else if (!pendingLines.isEmpty()) {
            writing = true;
            writingOnce = pendingOnce > 0;
            pendingOnce = 0;
            lastFlushNanos = nowNanos;
            journal.tell(new RunJournal.Append(List.copyOf(pendingLines), journalAnswers));
            pendingLines.clear();
        }
    }
}
