package dev.troupe.actors.training.run;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.data.CorpusOpener;
import dev.troupe.actors.training.eval.HeldOutWindows;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.BatchOrder;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.optim.AdamWOptions;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a run begins with, made or restored from a checkpoint. Owned by {@link #memory}.
 *
 * @param tokens that it learns from
 * @param windows of held-out text
 * @param parts what computes
 * @param position where it begins
 * @param planner of the steps from there on
 * @param backlog of evaluations
 * @param spikes has seen the losses until there
 * @param utilization of machines until there
 * @param rollbacks of the run until there
 * @param anew why another attempt at the run begins; null for one that begins, or is resumed
 * @param resumed the checkpoint that there is; null for a new run
 * @param resumedFrom its directory
 */
public record RunAssembly(
        RunDirectory directory,
        RunMemory memory,
        ModelConfig model,
        CorpusTokens tokens,
        HeldOutWindows windows,
        RunParts parts,
        MetricsFile metrics,
        RunProgress progress,
        Position position,
        StepPlanner planner,
        EvaluationBacklog backlog,
        LossSpikes spikes,
        UtilizationMeter utilization,
        Rollbacks rollbacks,
        MetricsLine.@Nullable Anew anew,
        @Nullable TrainingState resumed,
        @Nullable String resumedFrom) {

    /**
     * Where a run begins.
     *
     * @param step steps taken
     * @param totalSteps that it has; 0 while a time budget has not been turned into steps
     * @param evaluated whether the held-out loss after {@code step} is recorded
     */
    public record Position(long step, long totalSteps, boolean evaluated) {}

    /**
     * Takes the directory, finds the checkpoint when resuming, allocates. Blocks.
     *
     * @param setup says whether to go on from a checkpoint; a run that goes back does
     * @param lead of a run on a cluster; null for any other, and for one that nobody will take over
     * @param next why the attempt before has ended; null for a run that begins or goes on
     * @param corpora opens its tokens
     * @throws TroupeException when the directory is in use or has a run already, a checkpoint or the text does not fit
     */
    public static RunAssembly assemble(
            TrainingSetup setup, @Nullable Lead lead, @Nullable NextAttempt next, CorpusOpener corpora) {
        RunMemory memory = new RunMemory(setup.runId());
        try {
            TrainingSetup from = next == null ? setup : setup.resumed();
            return assemble(
                    from,
                    setup.config().mesh().isSplit() ? lead(setup, lead, next, memory) : null,
                    next,
                    corpora,
                    memory);
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    private static Lead lead(TrainingSetup setup, @Nullable Lead lead, @Nullable NextAttempt next, RunMemory memory) {
        if (lead == null) {
            return Lead.fresh(memory.own(DecisionLog.begin(setup.runDir(), 0)));
        }
        return next == null
                ? lead
                : lead.again(DecisionLog.latest(setup.runDir()).orElseThrow());
    }

    private static RunAssembly assemble(
            TrainingSetup setup,
            @Nullable Lead lead,
            @Nullable NextAttempt next,
            CorpusOpener corpora,
            RunMemory memory) {
        TrainingConfig config = setup.config();
        GoingBack back = next instanceof GoingBack to ? to : null;
        RunDirectory directory = memory.own(
                lead == null ? RunDirectory.lock(setup.runDir()) : RunDirectory.led(setup.runDir(), lead.decisions()));
        int time = setup.model().contextLength();
        CorpusTokens tokens = corpora.open(setup.trainTokens(), config, memory::isClosing);
        TokenBatches batches = new TokenBatches(
                tokens, BatchOrder.named(config.data().order()), config.train().seed());
        batches.numWindows(time); // complains now, not at the first step, when the text is too short
        HeldOutWindows windows =
                new HeldOutWindows(corpora.open(setup.heldOutTokens(), config, memory::isClosing), time);
        List<MetricsLine> lines = setup.resume() ? MetricsFile.read(directory.metrics()) : List.of();
        Mesh before = RecordedRun.mesh(lines).orElse(config.mesh().mesh());
        Mesh mesh = mesh(config, before, lead, next);
        boolean isReshaped = lead != null && !mesh.equals(before);
        int attempt = RecordedRun.attempt(lines) + (next == null && !isReshaped ? 0 : 1);
        PartsAssembly assembled = lead == null
                ? PartsAssembly.local(setup, memory, directory, batches, windows, back)
                : PartsAssembly.mesh(setup, directory, batches, windows, lead, lines, mesh, attempt, next);
        TrainingState resumed = assembled.resumed();
        Path resumedFrom = assembled.resumedFrom();
        long totalSteps = resumed == null ? config.train().steps() : ResumeCheck.totalSteps(resumed, config);
        RecordedRun recorded = assembled.recorded();
        if (recorded == null) {
            recorded = RecordedRun.of(lines, resumed, assembled.planner());
        }
        MetricsLine.Anew anew = anew(next, recorded, config, isReshaped ? mesh : null, assembled.passedOver());
        if (anew != null) {
            recorded = recorded.with(anew);
            assembled.planner().leaveOut(recorded.rollbacks(), recorded.step());
        }
        if (config.train().isTimed() && recorded.fixedSteps() > 0) {
            totalSteps = recorded.fixedSteps();
        }
        if (recorded.step() == totalSteps && lead != null && lead.takesOver()) {
            recorded = recorded.withoutFinalEvaluation();
        }
        UtilizationMeter utilization =
                new UtilizationMeter(setup.model(), assembled.parts().nodes());
        utilization.recall(recorded.lines());
        return new RunAssembly(
                directory,
                memory,
                setup.model(),
                tokens,
                windows,
                assembled.parts(),
                memory.own(MetricsFile.create(directory.metrics(), recorded.lines())),
                recorded.progress(config.train().lossWindow(), resumed),
                new Position(recorded.step(), totalSteps, recorded.isEvaluated()),
                assembled.planner(),
                EvaluationBacklog.of(recorded.lines(), config.checkpoint().keep()),
                recorded.spikes(config.rollback().spikes()),
                utilization,
                recorded.rollbacks(),
                next == null ? null : anew,
                resumed,
                resumedFrom == null ? null : resumedFrom.toString());
    }

    /** What the metrics say of an attempt that begins; null when the run goes on as it was. */
    private static MetricsLine.@Nullable Anew anew(
            @Nullable NextAttempt next,
            RecordedRun recorded,
            TrainingConfig config,
            @Nullable Mesh other,
            List<String> passedOver) {
        return switch (next) {
            case GoingBack back ->
                new MetricsLine.Rollback(
                        recorded.step(),
                        back.fromStep(),
                        back.reason(),
                        recorded.rollbacks().learningRateFactor()
                                * config.rollback().learningRateFactor(),
                        back.microBatch(),
                        back.totalSteps());
            case Restarting restarting ->
                new MetricsLine.Restart(recorded.step(), restarting.fromStep(), restarting.reasonWith(passedOver));
            case Reshaping reshaping ->
                new MetricsLine.Reshape(recorded.step(), reshaping.mesh().toString(), reshaping.reason());
            case null ->
                other == null ? null : new MetricsLine.Reshape(recorded.step(), other.toString(), "the run is resumed");
        };
    }

    /** The one that a run had before, unless it is to have another, or somebody begins to lead it anew. */
    private static Mesh mesh(TrainingConfig config, Mesh before, @Nullable Lead lead, @Nullable NextAttempt next) {
        if (next instanceof Reshaping reshaping) {
            return reshaping.mesh();
        }
        boolean goesOn = next != null || (lead != null && lead.takesOver());
        return goesOn ? before : config.mesh().mesh();
    }

    /**
     * AdamW and the schedule of a run.
     *
     * @param totalSteps 0 when not known yet: the rate stays at its highest after warm-up
     */
    public static AdamWOptions optimizerOptions(TrainingConfig config, long totalSteps) {
        TrainingConfig.OptimizerSection optimizer = config.optimizer();
        long warmupSteps =
                config.train().isTimed() ? optimizer.warmupStepsOfTimedRun() : optimizer.warmupStepsOf(totalSteps);
        return new AdamWOptions(
                optimizer.learningRate(),
                optimizer.learningRate() * optimizer.minLearningRateFraction(),
                optimizer.beta1(),
                optimizer.beta2(),
                optimizer.epsilon(),
                optimizer.weightDecay(),
                optimizer.clipNorm(),
                warmupSteps,
                totalSteps == 0 ? Long.MAX_VALUE : Math.max(totalSteps, warmupSteps));
    }
}
