package dev.troupe.actors.training.run;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.eval.HeldOutWindows;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.BatchOrder;
import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.data.TokenShards;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.format.TrainingState;
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
 * @param resumed where the run goes on; null for a new one
 * @param resumedFrom the checkpoint; null for a new run
 */
public record RunAssembly(
        RunDirectory directory,
        RunMemory memory,
        ModelConfig model,
        TokenShards tokens,
        HeldOutWindows windows,
        RunParts parts,
        MetricsFile metrics,
        RunProgress progress,
        @Nullable TrainingState resumed,
        @Nullable String resumedFrom) {

    /**
     * Locks the directory, finds the checkpoint when resuming, allocates. Blocks.
     *
     * @throws TroupeException when the directory is in use or has a run already, a checkpoint or the text does not fit
     */
    public static RunAssembly assemble(TrainingSetup setup) {
        RunMemory memory = new RunMemory(setup.runId());
        try {
            return assemble(setup, memory);
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    private static RunAssembly assemble(TrainingSetup setup, RunMemory memory) {
        TrainingConfig config = setup.config();
        RunDirectory directory = memory.own(RunDirectory.lock(setup.runDir()));
        int time = setup.model().contextLength();
        TokenShards tokens = TokenShards.open(setup.trainTokens());
        TokenBatches batches = new TokenBatches(
                tokens, BatchOrder.named(config.data().order()), config.train().seed());
        batches.numWindows(time); // complains now, not at the first step, when the text is too short
        HeldOutWindows windows = new HeldOutWindows(TokenShards.open(setup.heldOutTokens()), time);
        PartsAssembly assembled = config.mesh().isSplit()
                ? PartsAssembly.mesh(setup, directory, batches)
                : PartsAssembly.local(setup, memory, directory, batches, windows);
        TrainingState resumed = assembled.resumed();
        Path resumedFrom = assembled.resumedFrom();
        return new RunAssembly(
                directory,
                memory,
                setup.model(),
                tokens,
                windows,
                assembled.parts(),
                metrics(directory, resumed),
                progress(config, directory, resumed),
                resumed,
                resumedFrom == null ? null : resumedFrom.toString());
    }

    private static MetricsFile metrics(RunDirectory directory, @Nullable TrainingState resumed) {
        return resumed == null
                ? MetricsFile.create(directory.metrics())
                : MetricsFile.resume(directory.metrics(), resumed.step());
    }

    private static RunProgress progress(
            TrainingConfig config, RunDirectory directory, @Nullable TrainingState resumed) {
        int window = config.train().lossWindow();
        if (resumed == null) {
            return new RunProgress(window, List.of(), LossCurve.empty(), 0);
        }
        List<Double> losses = MetricsFile.lastLosses(directory.metrics(), window, resumed.step());
        return new RunProgress(window, losses, resumed.losses(), resumed.tokens());
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
