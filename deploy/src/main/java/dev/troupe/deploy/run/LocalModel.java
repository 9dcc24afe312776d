package dev.troupe.deploy.run;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.model.eval.Evaluation;
import dev.troupe.model.eval.EvaluationSet;
import dev.troupe.model.eval.PerplexityEvaluator;
import dev.troupe.model.eval.ServedEvaluator;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.TextGenerator;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A model in a file or directory, open in this process, for the commands that use one without actors. Kernels are
 * compared with the reference when they are first used, and an error when they differ.
 */
public final class LocalModel implements AutoCloseable {
    /** Rows of one forward call: a prompt is read in chunks of these. */
    private static final int MAX_ROWS = 256;

    private static final int EVALUATION_BATCH = 4;

    private static final int MAX_WINDOW_TOKENS = 1024;

    private final TensorArena arena;
    private final ComputePool pool;
    private final OpenModel opened;
    private @Nullable Parameters parameters;
    private final Kernels kernels;

    private LocalModel(TensorArena arena, ComputePool pool, OpenModel opened, Kernels kernels) {
        this.arena = arena;
        this.pool = pool;
        this.opened = opened;
        this.kernels = kernels;
    }

    /**
     * Opens a model.
     *
     * @param backend name of a kernel provider, or "auto"
     * @param precision of the operands of products
     * @throws dev.troupe.model.TroupeException when there is no model that can be read, or there is no such backend
     */
    public static LocalModel open(Path path, String backend, Precision precision) {
        OpenModel opened = ModelFiles.open(path);
        TensorArena arena = TensorArena.open("command.weights");
        try {
            ComputePool pool = FixedComputePool.create(Runtime.getRuntime().availableProcessors());
            try {
                return new LocalModel(arena, pool, opened, NodeKernels.create(backend, precision, pool, Set.of()));
            } catch (RuntimeException e) {
                pool.close();
                throw e;
            }
        } catch (RuntimeException e) {
            arena.close();
            opened.close();
            throw e;
        }
    }

    /** Configuration, weights, tokenizer and version. */
    public OpenModel opened() {
        return opened;
    }

    /** A float32 copy of the weights, made once. */
    private Parameters parameters() {
        if (parameters == null) {
            parameters = opened.parameters(arena);
        }
        return parameters;
    }

    /** What {@code work} makes of a generator for one sequence as long as the context, with float32 weights. */
    public <T> T generating(Function<TextGenerator, T> work) {
        return generating(InferenceSettings.EXACT, work);
    }

    /** As {@link #generating(Function)}, with weights rounded to a type. */
    public <T> T generating(InferenceSettings settings, Function<TextGenerator, T> work) {
        return serving(settings, model -> work.apply(new TextGenerator(model, opened.tokenizer())));
    }

    private InferenceSettings decided(InferenceSettings settings) {
        return settings.decided(opened.config(), opened.weights()::type, kernels);
    }

    private <T> T serving(InferenceSettings settings, Function<InferenceModel, T> work) {
        InferenceSettings decided = decided(settings);
        NodeKernels.require(kernels, pool, decided.uses(opened.config(), opened.weights()::type, kernels.precision()));
        int blocks = Math.ceilDiv(opened.config().contextLength(), KvBlocks.BLOCK_TOKENS);
        try (InferenceModel model = InferenceModel.create(
                opened.config(),
                layer -> opened.weights(),
                kernels,
                decided.options(kernels, pool),
                blocks,
                MAX_ROWS)) {
            return work.apply(model);
        }
    }

    /**
     * How well the model predicts a text file when it reads it as a prompt. Where nothing is rounded, in the batches of
     * the training pass.
     */
    public Evaluation evaluateFile(Path file, InferenceSettings settings) {
        EvaluationSet set = EvaluationSet.ofFile(file, opened.tokenizer(), windowTokens());
        InferenceSettings decided = decided(settings);
        StorageType weights = settings.weights();
        boolean stored = weights == null && !opened.bytesByType().keySet().equals(Set.of(StorageType.F32));
        if (!stored
                && (weights == null || weights == StorageType.F32)
                && decided.prefill() == Prefill.EXACT
                && settings.cache() == StorageType.F32) {
            return evaluate(set);
        }
        return serving(settings, model -> new ServedEvaluator(model).evaluate(set));
    }

    /** How well the model predicts a set, whose windows are no longer than {@link #windowTokens}. */
    public Evaluation evaluate(EvaluationSet set) {
        NodeKernels.require(kernels, pool, KernelUse.training());
        try (PerplexityEvaluator evaluator =
                new PerplexityEvaluator(opened.config(), parameters(), kernels, EVALUATION_BATCH, windowTokens())) {
            return evaluator.evaluate(set);
        }
    }

    /** Tokens of an evaluation window: the model's context, within reason. */
    public int windowTokens() {
        return Math.min(opened.config().contextLength(), MAX_WINDOW_TOKENS);
    }

    @Override
    public void close() {
        pool.close();
        arena.close();
        opened.close();
    }
}
