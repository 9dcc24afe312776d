package dev.troupe.actors.training.run;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.checkpoint.CheckpointSink;
import dev.troupe.actors.training.data.DataFeeder;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.eval.HeldOutWindows;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.training.exchange.TensorTicket;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.BatchOrder;
import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.data.TokenShards;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.format.CheckpointStaging;
import dev.troupe.model.format.CheckpointStore;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything a run's actors work with, allocated, and initialised or restored from a checkpoint. Owned by
 * {@link #memory}.
 *
 * @param resumed where the run goes on; null for a new one
 * @param resumedFrom the checkpoint; null for a new run
 */
public record RunAssembly(
        RunDirectory directory,
        RunMemory memory,
        Kernels kernels,
        TrainingStage stage,
        Parameters gradients,
        AdamW adamW,
        OptimizerState moments,
        TensorTicket weightsTicket,
        TensorTicket gradientsTicket,
        TensorTicket momentsTicket,
        DataFeeder.Settings feeder,
        Evaluator.Settings evaluator,
        CheckpointStaging staging,
        CheckpointSink checkpoints,
        MetricsFile metrics,
        RunProgress progress,
        @Nullable TrainingState resumed,
        @Nullable String resumedFrom) {

    private static final Logger LOG = LoggerFactory.getLogger(RunAssembly.class);

    /** Windows that an urgent evaluation takes at once: enough rows to fill the matrix kernels. */
    private static final int TOKENS_OF_AN_EVALUATION_BATCH = 2048;

    /**
     * Locks the directory, reads the checkpoint when resuming, allocates. Blocks.
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
        ModelConfig model = setup.model();
        RunDirectory directory = memory.own(RunDirectory.lock(setup.runDir()));
        CheckpointStore store =
                new CheckpointStore(directory.checkpoints(), config.checkpoint().keep());
        Optional<Path> checkpoint = findCheckpoint(setup, store);
        int time = model.contextLength();
        int batch = config.train().batch();
        TokenShards tokens = TokenShards.open(setup.trainTokens());
        TokenBatches batches = new TokenBatches(
                tokens, BatchOrder.named(config.data().order()), config.train().seed());
        batches.numWindows(time); // complains now, not at the first step, when the text is too short

        ComputePool pool = memory.own(FixedComputePool.create(config.train().computeThreads()));
        Kernels kernels =
                NodeKernels.create(config.train().backend(), config.train().precision(), pool);
        ParameterLayout layout = ParameterLayout.of(model);
        Parameters weights = Parameters.allocate(layout, memory.arena());
        Parameters gradients = Parameters.allocate(layout, memory.arena());
        Parameters copy = Parameters.allocate(layout, memory.arena());
        OptimizerState moments = OptimizerState.allocate(0, layout.size(), memory.arena());
        TrainingState resumed = null;
        if (checkpoint.isPresent()) {
            resumed = CheckpointStore.load(checkpoint.get(), weights, moments);
            ResumeCheck.requireSameRun(checkpoint.get(), resumed, config, tokens);
        } else {
            weights.initialize(config.train().seed());
        }

        HeldOutWindows windows = new HeldOutWindows(TokenShards.open(setup.heldOutTokens()), time);
        StageRange whole = StageRange.whole(model);
        TrainingStage stage = memory.own(new TrainingStage(model, whole, kernels, weights, gradients, batch, time));
        int evaluationBatch = Math.max(1, TOKENS_OF_AN_EVALUATION_BATCH / time);
        TrainingStage evaluationStage =
                memory.own(new TrainingStage(model, whole, kernels, copy, null, evaluationBatch, time));
        CheckpointStaging staging = memory.own(new CheckpointStaging(model, setup.tokenizer()));

        return new RunAssembly(
                directory,
                memory,
                kernels,
                stage,
                gradients,
                new AdamW(optimizerOptions(config, 0), kernels, layout),
                moments,
                memory.publish("weights/0", weights),
                memory.publish("gradients/0", gradients),
                memory.publish("moments/0", moments),
                // One more than are read ahead: the one that is computed.
                new DataFeeder.Settings(batches, batch, time, config.data().prefetch() + 1),
                new Evaluator.Settings(
                        windows,
                        copy,
                        evaluationStage,
                        evaluationBatch,
                        config.eval().cpuShare()),
                staging,
                store::write,
                metrics(directory, resumed),
                progress(config, directory, resumed),
                resumed,
                checkpoint.map(Path::toString).orElse(null));
    }

    private static Optional<Path> findCheckpoint(TrainingSetup setup, CheckpointStore store) {
        if (setup.resume()) {
            Optional<Path> latest = store.latestValid(LOG::warn);
            if (latest.isEmpty()) {
                LOG.info("{} has no checkpoint to resume from: the run starts at step 0", setup.runDir());
            }
            return latest;
        }
        if (!store.list().isEmpty()) {
            throw new TroupeException("the run directory " + setup.runDir()
                    + " has checkpoints of an earlier run: use --resume to go on with it, or another directory");
        }
        return Optional.empty();
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
