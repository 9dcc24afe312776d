package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.layer.RotaryTable;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Inference over paged keys and values. The same operations in the same order as {@link TrainingStage}, each
 * batch-invariant, so a token's logits have the same bits whatever else is in the batch and however its prompt was cut
 * into chunks. With {@link InferenceOptions#EXACT} they equal those of a training or evaluation pass.
 *
 * <p>Holds all that it needs; matrices in the type that {@link InferenceOptions} says. Not thread-safe.
 */
public final class InferenceModel implements AutoCloseable {
    private final ModelConfig config;
    private final Kernels kernels;
    private final AttentionShape shape;
    private final int numKvBlocks;
    private final int maxRows;
    private final TensorArena arena = TensorArena.open("inference");
    private final InferenceWeights weights;
    private final boolean separatePrompts;
    private final @Nullable Tensor rotaryTable;
    private final Tensor hidden; // [rows, C], the residual stream
    private final Tensor normed; // [rows, C]
    private final Tensor fused; // [rows, (H + 2·KV)·D]
    private final Tensor heads; // [rows, H·D]
    private final Tensor raised; // [rows, F] or [rows, 2·F]
    private final Tensor inner; // [rows, F]
    private final Tensor mean; // [rows]
    private final Tensor rstd; // [rows]
    private final Tensor logits; // [rows, V]

    private InferenceModel(
            ModelConfig config,
            WeightSource source,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            int maxRows) {
        this.config = config;
        this.kernels = kernels;
        this.shape = AttentionShape.of(config);
        this.numKvBlocks = numKvBlocks;
        this.maxRows = maxRows;
        this.weights = InferenceWeights.of(config, source, kernels, options, numKvBlocks, arena);
        this.separatePrompts = options.prompts() != null;
        this.rotaryTable = config.positions() == PositionKind.ROTARY ? RotaryTable.create(config, arena) : null;
        this.hidden = arena.allocate(maxRows, config.dim());
        this.normed = arena.allocate(maxRows, config.dim());
        this.fused = arena.allocate(maxRows, shape.fusedWidth());
        this.heads = arena.allocate(maxRows, shape.queryWidth());
        this.raised = arena.allocate(maxRows, weights.layers().getFirst().up().n());
        this.inner = arena.allocate(maxRows, config.ffnDim());
        this.mean = arena.allocate(maxRows);
        this.rstd = arena.allocate(maxRows);
        this.logits = arena.allocate(maxRows, config.vocabSize());
    }

    /** As {@link #create(ModelConfig, WeightSource, Kernels, InferenceOptions, int, int)}, float32 and in one piece. */
    public static InferenceModel create(
            ModelConfig config, Parameters weights, Kernels kernels, int numKvBlocks, int maxRows) {
        return create(config, layer -> weights, kernels, InferenceOptions.EXACT, numKvBlocks, maxRows);
    }

    /**
     * Lays out the weights, which are not needed afterwards, and allocates the cache.
     *
     * @param numKvBlocks blocks of {@link dev.troupe.model.kernel.attention.KvBlocks#BLOCK_TOKENS} tokens, shared by
     *     all sequences
     * @param maxRows most rows of a {@link #forward} call
     * @throws dev.troupe.model.TroupeException when the kernels cannot multiply weights of this type
     */
    public static InferenceModel create(
            ModelConfig config,
            WeightSource weights,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            int maxRows) {
        return new InferenceModel(config, weights, kernels, options, numKvBlocks, maxRows);
    }

    public ModelConfig config() {
        return config;
    }

    public int numKvBlocks() {
        return numKvBlocks;
    }

    /** Most rows of a {@link #forward} call. */
    public int maxRows() {
        return maxRows;
    }

    /**
     * As {@link #forward(int, int[], int[], int[][], boolean[], boolean[])}, of tokens none of which belongs to a
     * prompt: all rows go through the kernels that generated tokens do.
     */
    public Tensor forward(int rows, int[] tokens, int[] positions, int[][] blockTables, boolean[] wantLogits) {
        return forward(rows, tokens, positions, blockTables, wantLogits, new boolean[rows]);
    }

    /**
     * Runs {@code rows} tokens, storing their keys and values. Rows of one sequence come in order of position, and all
     * earlier positions of it must have been run before, now or in another call.
     *
     * @param positions of each row in its sequence
     * @param blockTables of each row, the block numbers of its sequence
     * @param wantLogits of each row, whether its logits are asked for
     * @param ofPrompt of each row, whether its token is a prompt's; matters where {@link InferenceOptions#prompts} is
     *     given, and must be the same whenever the token is computed again
     * @return logits [numWanted, V] in order of rows, valid until the next call
     */
    public Tensor forward(
            int rows, int[] tokens, int[] positions, int[][] blockTables, boolean[] wantLogits, boolean[] ofPrompt) {
        return forward(rows, tokens, positions, blockTables, wantLogits, ofPrompt, new boolean[rows])
                .logits();
    }

    /**
     * What a pass gives, valid until the next one.
     *
     * @param logits [numWanted, V]
     * @param hidden [numWantedHidden, C], the residual stream after the final norm
     */
    public record Output(Tensor logits, Tensor hidden) {}

    /**
     * As {@link #forward(int, int[], int[], int[][], boolean[], boolean[])}, with final hidden states.
     *
     * @param wantHidden of each row, whether its final hidden state is asked for
     */
    public Output forward(
            int rows,
            int[] tokens,
            int[] positions,
            int[][] blockTables,
            boolean[] wantLogits,
            boolean[] ofPrompt,
            boolean[] wantHidden) {
        if (rows < 1 || rows > maxRows) {
            throw new IllegalArgumentException(rows + " rows in a model set up for 1 to " + maxRows);
        }
        weights.tokens().gather(kernels.embedding(), rows, tokens, hidden);
        if (weights.positions() != null) {
            kernels.embedding().gather(rows, config.dim(), positions, weights.positions(), hidden, true);
        }
        for (InferenceLayer layer : weights.layers()) {
            attention(layer, rows, positions, blockTables, ofPrompt);
            mlp(layer, rows, ofPrompt);
        }
        int[] wanted = IntStream.range(0, rows)
                .filter(row -> wantLogits[row] || wantHidden[row])
                .toArray();
        moveRows(hidden, wanted, hidden);
        norm(wanted.length, weights.finalNorm());
        int[] ofHidden = IntStream.range(0, wanted.length)
                .filter(i -> wantHidden[wanted[i]])
                .toArray();
        moveRows(normed, ofHidden, hidden); // free, now that it is normed
        int[] ofLogits = IntStream.range(0, wanted.length)
                .filter(i -> wantLogits[wanted[i]])
                .toArray();
        moveRows(normed, ofLogits, normed);
        if (ofLogits.length > 0) {
            weights.head().multiply(ofLogits.length, normed, logits, false);
        }
        return new Output(
                logits.view(0, ofLogits.length, config.vocabSize()), hidden.view(0, ofHidden.length, config.dim()));
    }

    private void attention(InferenceLayer layer, int rows, int[] positions, int[][] blockTables, boolean[] ofPrompt) {
        norm(rows, layer.attentionNorm());
        linear(rows, normed, layer.qkv(), fused, false, ofPrompt);
        if (rotaryTable != null) {
            int turned = shape.numHeads() + shape.numKvHeads(); // queries and keys, not values
            kernels.rotary()
                    .rotate(rows, turned, shape.headDim(), fused, shape.fusedWidth(), positions, rotaryTable, false);
        }
        kernels.attention().cachedForward(layer.kv(), rows, fused, positions, blockTables, heads);
        linear(rows, heads, layer.attentionOut(), hidden, true, ofPrompt);
    }

    private void mlp(InferenceLayer layer, int rows, boolean[] ofPrompt) {
        norm(rows, layer.mlpNorm());
        linear(rows, normed, layer.up(), raised, false, ofPrompt);
        switch (config.mlp()) {
            case GELU -> kernels.activation().geluForward((long) rows * config.ffnDim(), raised, inner);
            case SWIGLU -> kernels.activation().swigluForward(rows, config.ffnDim(), raised, inner);
        }
        linear(rows, inner, layer.down(), hidden, true, ofPrompt);
    }

    private void norm(int rows, Affine weights) {
        switch (config.norm()) {
            case RMS ->
                kernels.normalization()
                        .rmsForward(rows, config.dim(), config.normEpsilon(), hidden, weights.weight(), normed, rstd);
            case LAYER ->
                kernels.normalization()
                        .layerForward(
                                rows,
                                config.dim(),
                                config.normEpsilon(),
                                hidden,
                                weights.weight(),
                                weights.bias(),
                                normed,
                                mean,
                                rstd);
        }
    }

    /** Each run of rows of one kind at once: which kernel a row goes through depends on itself only. */
    private void linear(int rows, Tensor x, ServedLinear linear, Tensor y, boolean accumulate, boolean[] ofPrompt) {
        if (!separatePrompts) {
            linear.multiply(rows, x, y, accumulate);
            return;
        }
        for (int from = 0; from < rows; ) {
            int end = from + 1;
            while (end < rows && ofPrompt[end] == ofPrompt[from]) {
                end++;
            }
            int count = end - from;
            Tensor some = x.view((long) from * linear.k(), count, linear.k());
            Tensor to = y.view((long) from * linear.n(), count, linear.n());
            if (ofPrompt[from]) {
                linear.multiplyPrompt(count, some, to, accumulate);
            } else {
                linear.multiply(count, some, to, accumulate);
            }
            from = end;
        }
    }

    /** Copies rows [.., C], given in ascending order, to the first rows of {@code to}, which may be the same tensor. */
    @SuppressWarnings("ReferenceEquality")
    private void moveRows(Tensor from, int[] rows, Tensor to) {
        long dim = config.dim();
        for (int i = 0; i < rows.length; i++) {
            if (from != to || rows[i] != i) {
                to.view(i * dim, (int) dim).copyFrom(from.view(rows[i] * dim, (int) dim));
            }
        }
    }

    /** Bytes of weights that a step reads: all matrices once. */
    public long matrixBytes() {
        return weights.linears().stream().mapToLong(ServedLinear::bytes).sum();
    }

    @Override
    public void close() {
        arena.close();
    }
}
