package dev.troupe.actors.training.eval;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.data.CorpusOpener;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.data.TokenizerFingerprint;
import dev.troupe.model.eval.EvaluatedModel;
import dev.troupe.model.eval.EvaluationTask;
import dev.troupe.model.format.CheckpointNames;
import dev.troupe.model.format.CheckpointStore;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Evaluates a model of a file or directory as a whole: its files are checked, its weights loaded, the run's held-out
 * windows predicted, the run's tasks measured. Blocks while it reads and computes.
 */
final class ModelEvaluation {
    private final EvaluationJob job;
    private final EvaluationOrder order;
    private final CorpusOpener corpora;
    private final BooleanSupplier cancelled;

    /** @param cancelled whether nobody waits for the result any more */
    ModelEvaluation(EvaluationJob job, EvaluationOrder order, CorpusOpener corpora, BooleanSupplier cancelled) {
        this.job = job;
        this.order = order;
        this.corpora = corpora;
        this.cancelled = cancelled;
    }

    /**
     * The result; empty when the order knows the model already.
     *
     * @throws TroupeException when the model cannot be read, or its tokens are not those of the run
     * @throws CancellationException when nobody waits any more
     */
    Optional<MeasuredModel> measure() {
        long start = System.nanoTime();
        Path path = resolve(Path.of(order.path()));
        if (path.toString().equals(order.known())) {
            return Optional.empty();
        }
        TrainingConfig config = job.config();
        try (OpenModel model = ModelFiles.open(path);
                TensorArena arena = TensorArena.open("training.evaluation");
                ComputePool pool = config.train().threads().open()) {
            long trainedTokens = trainedTokens(path); // now: when the run has written others, this one goes
            CorpusTokens heldOut = job.heldOut().open(corpora, config, cancelled);
            requireComparable(model, heldOut);
            Kernels kernels = NodeKernels.create(
                    config.train().backend(), config.train().precision(), pool, KernelUse.training());
            Parameters weights = model.parameters(arena);
            HeldOutWindows windows = new HeldOutWindows(heldOut, job.contextLength());
            ModelConfig shape = model.config();
            try (TrainingStage stage = new TrainingStage(
                    shape, StageRange.whole(shape), kernels, weights, null, windows.atOnce(), job.contextLength())) {
                EvaluationPass pass = predict(windows, model, stage);
                EvaluatedModel subject = new EvaluatedModel(
                        weights, model.tokenizer(), kernels, stage, job.contextLength(), pass.scores());
                Map<String, Double> scores = new TreeMap<>();
                List<String> problems = new ArrayList<>();
                if (!order.kind().isShadow()) {
                    measure(config.eval().tasks(), subject, scores, problems);
                }
                return Optional.of(new MeasuredModel(
                        path.toString(),
                        ParameterLayout.of(shape).size(),
                        trainedTokens,
                        pass.windows(),
                        pass.loss(),
                        pass.tokens(),
                        scores,
                        problems,
                        (System.nanoTime() - start) * 1e-9));
            }
        }
    }

    /** Of a run, its latest checkpoint that is whole. */
    private static Path resolve(Path path) {
        Path checkpoints = path.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return path;
        }
        return CheckpointNames.list(checkpoints).reversed().stream()
                .filter(checkpoint -> Files.exists(checkpoint.resolve(DirectoryManifest.FILE_NAME)))
                .findFirst()
                .orElseThrow(() -> new TroupeException("the run in " + path + " has no checkpoint yet"));
    }

    private void requireComparable(OpenModel model, CorpusTokens heldOut) {
        if (!TokenizerFingerprint.of(model.tokenizer()).equals(heldOut.tokenizerSha256())) {
            throw new TroupeException(model.path() + " has another tokenizer than the run, so that losses of tokens"
                    + " cannot be compared: train it on the run's tokens");
        }
        if (model.config().contextLength() < job.contextLength()) {
            throw new TroupeException(model.path() + " has a context of "
                    + model.config().contextLength() + " tokens, but the run's held-out windows have "
                    + job.contextLength());
        }
    }

    private EvaluationPass predict(HeldOutWindows windows, OpenModel model, TrainingStage stage) {
        Tokenizer tokenizer = model.tokenizer();
        EvaluationPass pass = new EvaluationPass(windows, order.windows(), token -> tokenizer.tokenBytes(token).length);
        while (!pass.isFinished()) {
            requireWanted();
            pass.advance(stage, windows.atOnce());
        }
        return pass;
    }

    private void measure(
            List<EvaluationTask> tasks, EvaluatedModel model, Map<String, Double> scores, List<String> problems) {
        for (EvaluationTask task : tasks) {
            requireWanted();
            try {
                scores.put(task.name(), task.score(model));
            } catch (TroupeException e) {
                problems.add(task.name() + ": " + e.getMessage());
            }
        }
    }

    private void requireWanted() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("another evaluation is wanted");
        }
    }

    private static long trainedTokens(Path path) {
        boolean isCheckpoint =
                CheckpointNames.step(path).isPresent() && Files.exists(path.resolve(DirectoryManifest.FILE_NAME));
        return isCheckpoint ? CheckpointStore.readState(path).tokens() : -1;
    }
}
