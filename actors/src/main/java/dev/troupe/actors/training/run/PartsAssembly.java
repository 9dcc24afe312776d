package dev.troupe.actors.training.run;

import dev.troupe.actors.compute.MeasuredPeak;
import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.data.DataFeeder;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.eval.HeldOutWindows;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.training.exchange.TensorTicket;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.mesh.MeshStart;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.format.CheckpointStaging;
import dev.troupe.model.format.CheckpointStore;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.checkpoint.MeshCheckpointStore;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.TensorFile;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageOptions;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds where a run begins, and makes the parts that are a local run's or a mesh's own.
 *
 * @param resumed where the run goes on; null for a new one
 * @param resumedFrom the checkpoint; null for a new run
 * @param passedOver later checkpoints that are not used, and what is wrong with them
 * @param planner of the steps from where the run begins
 * @param recorded where a coordinator that is lost has left the run; null when there was none
 */
record PartsAssembly(
        RunParts parts,
        @Nullable TrainingState resumed,
        @Nullable Path resumedFrom,
        List<String> passedOver,
        StepPlanner planner,
        @Nullable RecordedRun recorded) {
    private static final Logger LOG = LoggerFactory.getLogger(PartsAssembly.class);

    /** Allocates in {@code memory}, and reads the checkpoint when resuming. */
    static PartsAssembly local(
            TrainingSetup setup,
            RunMemory memory,
            RunDirectory directory,
            TokenBatches batches,
            HeldOutWindows windows,
            @Nullable GoingBack back) {
        TrainingConfig config = setup.config();
        ModelConfig model = setup.model();
        CheckpointStore store =
                new CheckpointStore(directory.checkpoints(), config.checkpoint().keep());
        Optional<Path> checkpoint = Optional.empty();
        if (back != null) {
            store.removeAfter(back.latestGood());
        }
        List<String> passedOver = new ArrayList<>();
        if (wantsCheckpoint(setup, store.list())) {
            checkpoint = store.latestValid(noting(passedOver));
            sayWhenNone(setup, checkpoint);
        }
        int time = model.contextLength();
        int batch = config.train().batch();
        ComputePool pool = memory.own(config.train().threads().open());
        Kernels kernels =
                NodeKernels.create(config.train().backend(), config.train().precision(), pool, KernelUse.training());
        ParameterLayout layout = ParameterLayout.of(model);
        Parameters weights = Parameters.allocate(layout, memory.arena());
        Parameters gradients = Parameters.allocate(layout, memory.arena());
        Parameters copy = Parameters.allocate(layout, memory.arena());
        OptimizerState moments = config.mesh()
                .offload()
                .map(folder -> OptimizerState.offload(
                        0,
                        layout.size(),
                        memory.own(TensorFile.create(folder, "moments", OptimizerState.fileBytes(layout.size())))))
                .orElseGet(() -> OptimizerState.allocate(0, layout.size(), memory.arena()));
        TrainingState resumed = null;
        if (checkpoint.isPresent()) {
            resumed = CheckpointStore.load(checkpoint.get(), weights, moments);
            ResumeCheck.requireSameRun(checkpoint.get(), resumed, config, batches.corpus());
        } else {
            weights.initialize(config.train().seed());
        }
        StageRange whole = StageRange.whole(model);
        StageOptions options =
                StageOptions.DEFAULT.withRecomputeLayers(config.mesh().recomputeLayers());
        TrainingStage stage =
                memory.own(new TrainingStage(model, whole, kernels, weights, gradients, batch, time, options));
        int evaluationBatch = windows.atOnce();
        TrainingStage evaluationStage =
                memory.own(new TrainingStage(model, whole, kernels, copy, null, evaluationBatch, time));
        CheckpointStaging staging = memory.own(new CheckpointStaging(model, setup.tokenizer()));
        TensorTicket weightsTicket = memory.publish("weights/0", weights);
        LocalParts parts = new LocalParts(
                kernels,
                stage,
                gradients,
                memory.guard(new AdamW(RunAssembly.optimizerOptions(config, 0), kernels, layout)
                        .shard(moments, weights, gradients)),
                // One more than are read ahead: the one that is computed.
                new DataFeeder.Settings(batches, batch, time, config.data().prefetch() + 1),
                new Evaluator.Settings(
                        windows,
                        weightsTicket,
                        copy,
                        evaluationStage,
                        evaluationBatch,
                        config.eval().cpuShare()),
                new CheckpointWriter.Settings(weightsTicket, memory.publish("moments/0", moments), staging),
                store::write,
                new NodeResources(
                        "this process",
                        List.of(0),
                        pool.threads(),
                        MeasuredPeak.gflops(pool),
                        new NodeResources.Memory(
                                bytes(weights),
                                bytes(gradients),
                                config.mesh().offload().isPresent() ? 0 : 2 * Float.BYTES * layout.size(),
                                0,
                                stage.bytes() + evaluationStage.bytes(),
                                bytes(copy))));
        return new PartsAssembly(
                parts, resumed, checkpoint.orElse(null), passedOver, new StepPlanner(config, time, resumed), null);
    }

    private static long bytes(Parameters parameters) {
        return Float.BYTES * parameters.flat().size();
    }

    /**
     * Allocates nothing: trainer nodes do, and they read the checkpoint.
     *
     * @param mesh that the run goes on with
     * @param attempt at the run
     */
    static PartsAssembly mesh(
            TrainingSetup setup,
            RunDirectory directory,
            TokenBatches batches,
            HeldOutWindows windows,
            Lead lead,
            List<MetricsLine> lines,
            Mesh mesh,
            int attempt,
            @Nullable NextAttempt next) {
        TrainingConfig config = setup.config();
        MeshJob job = new MeshJob(
                        setup.runId(),
                        attempt,
                        config.values(),
                        setup.model().vocabSize(),
                        RunCorpus.of(setup.trainTokens(), batches.corpus()),
                        RunCorpus.of(setup.heldOutTokens(), windows.corpus()))
                .with(mesh);
        MeshSettings settings = job.mesh(); // complains now about what cannot be split
        MeshCheckpointStore store = new MeshCheckpointStore(
                directory.checkpoints().toAbsolutePath(), config.checkpoint().keep());
        if (next instanceof GoingBack back) {
            store.removeAfter(back.latestGood());
        }
        TrainingState resumed = null;
        Path resumedFrom = null;
        TrainerProtocol.Start start = new TrainerProtocol.Fresh();
        List<String> passedOver = new ArrayList<>();
        if (wantsCheckpoint(setup, store.list())) {
            Optional<MeshCheckpointStore.Found> found = store.latestValid(setup.model(), noting(passedOver));
            sayWhenNone(setup, found);
            if (found.isPresent()) {
                resumed = found.get().training();
                resumedFrom = found.get().directory();
                ResumeCheck.requireSameRun(resumedFrom, resumed, config, batches.corpus());
                start = new TrainerProtocol.FromCheckpoint(resumedFrom.toString(), resumed.step());
            }
        }
        StepPlanner planner = new StepPlanner(config, setup.model().contextLength(), resumed);
        RecordedRun recorded = null;
        if (lead.takesOver()) {
            recorded = RecordedRun.ofLost(lines, lead.recalled(), resumed, planner);
        }
        MeshStart begin = new MeshStart(
                start,
                lead.decisions().fence(),
                lead.seating(),
                lead.failures(),
                recorded == null ? List.of() : recorded.orders(),
                config.mesh().mesh(),
                next == null ? MeshStart.COORDINATOR_LOST : next.reason());
        return new PartsAssembly(
                new MeshParts(job, settings, begin, store, setup.tokenizer()),
                resumed,
                resumedFrom,
                passedOver,
                planner,
                recorded);
    }

    private static Consumer<String> noting(List<String> warnings) {
        return warning -> {
            LOG.warn(warning);
            warnings.add(warning);
        };
    }

    private static boolean wantsCheckpoint(TrainingSetup setup, List<Path> checkpoints) {
        if (!setup.resume() && !checkpoints.isEmpty()) {
            throw new TroupeException("the run directory " + setup.runDir()
                    + " has checkpoints of an earlier run: use --resume to go on with it, or another directory");
        }
        return setup.resume();
    }

    private static void sayWhenNone(TrainingSetup setup, Optional<?> checkpoint) {
        if (checkpoint.isEmpty()) {
            LOG.info("{} has no checkpoint to resume from: the run starts at step 0", setup.runDir());
        }
    }
}
