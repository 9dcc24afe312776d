package dev.troupe.deploy.run;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.model.eval.Evaluation;
import dev.troupe.model.eval.EvaluationSet;
import dev.troupe.model.eval.PerplexityEvaluator;
import dev.troupe.model.eval.ServedEvaluator;
import dev.troupe.model.format.LoadedModel;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.TextGenerator;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A model directory loaded into this process, for the commands that use one without actors. */
public final class LocalModel implements AutoCloseable {
    /** Rows of one forward call: a prompt is read in chunks of these. */
    private static final int MAX_ROWS = 256;

    private static final int EVALUATION_BATCH = 4;

    private static final int MAX_WINDOW_TOKENS = 1024;

    private final TensorArena arena;
    private final ComputePool pool;
    private final LoadedModel loaded;
    private final Kernels kernels;

    private LocalModel(TensorArena arena, ComputePool pool, LoadedModel loaded, Kernels kernels) {
        this.arena = arena;
        this.pool = pool;
        this.loaded = loaded;
        this.kernels = kernels;
    }

    /**
     * Loads a model.
     *
     * @param backend name of a kernel provider, or "auto"
     * @param precision of the operands of products
     * @throws dev.troupe.model.TroupeException when the directory holds no model that can be read, or there is no such
     *     backend or its results are wrong
     */
    public static LocalModel open(Path directory, String backend, Precision precision) {
        TensorArena arena = TensorArena.open("command.weights");
        try {
            LoadedModel loaded = ModelDirectory.load(directory, arena);
            ComputePool pool = FixedComputePool.create(Runtime.getRuntime().availableProcessors());
            try {
                return new LocalModel(arena, pool, loaded, NodeKernels.create(backend, precision, pool));
            } catch (RuntimeException e) {
                pool.close();
                throw e;
            }
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** Configuration, weights, tokenizer and version. */
    public LoadedModel loaded() {
        return loaded;
    }

    /** The kernels that the model runs on. */
    public Kernels kernels() {
        return kernels;
    }

    /** What {@code work} makes of a generator for one sequence as long as the context, with float32 weights. */
    public <T> T generating(Function<TextGenerator, T> work) {
        return generating(StorageType.F32, Prefill.EXACT, work);
    }

    /** As {@link #generating(Function)}, with weights rounded to a type. */
    public <T> T generating(@Nullable StorageType weights, Prefill prefill, Function<TextGenerator, T> work) {
        return serving(weights, prefill, model -> work.apply(new TextGenerator(model, loaded.tokenizer())));
    }

    private <T> T serving(@Nullable StorageType weights, Prefill prefill, Function<InferenceModel, T> work) {
        int blocks = Math.ceilDiv(loaded.config().contextLength(), KvBlocks.BLOCK_TOKENS);
        try (InferenceModel model = InferenceModel.create(
                loaded.config(),
                layer -> loaded.weights(),
                kernels,
                prefill.options(weights, pool),
                blocks,
                MAX_ROWS)) {
            return work.apply(model);
        }
    }

    /** How well the model predicts a text file. */
    public Evaluation evaluateFile(Path file) {
        return evaluate(EvaluationSet.ofFile(file, loaded.tokenizer(), windowTokens()));
    }

    /** How well the model predicts a text file when it reads it as a prompt, with weights rounded to a type. */
    public Evaluation evaluateFile(Path file, @Nullable StorageType weights, Prefill prefill) {
        EvaluationSet set = EvaluationSet.ofFile(file, loaded.tokenizer(), windowTokens());
        return serving(weights, prefill, model -> new ServedEvaluator(model).evaluate(set));
    }

    /** How well the model predicts a set, whose windows are no longer than {@link #windowTokens}. */
    public Evaluation evaluate(EvaluationSet set) {
        try (PerplexityEvaluator evaluator =
                new PerplexityEvaluator(loaded.config(), loaded.weights(), kernels, EVALUATION_BATCH, windowTokens())) {
            return evaluator.evaluate(set);
        }
    }

    /** Tokens of an evaluation window: the model's context, within reason. */
    public int windowTokens() {
        return Math.min(loaded.config().contextLength(), MAX_WINDOW_TOKENS);
    }

    @Override
    public void close() {
        pool.close();
        arena.close();
    }
}
