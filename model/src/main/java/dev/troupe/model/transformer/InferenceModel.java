package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.layer.RotaryTable;
import dev.troupe.model.parallel.ColumnExchange;
import dev.troupe.model.parallel.ColumnSplit;
import dev.troupe.model.parallel.PartLinks;
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
    private final ModelPart part;
    private final ModelConfig config; // of the whole model
    private final PartLinks links;
    private final Kernels kernels;
    private final AttentionShape shape; // of this part's heads
    private final int numKvBlocks;
    private final int maxRows;
    private final TensorArena arena;
    private final InferenceWeights weights;
    private final boolean separatePrompts;
    private final @Nullable RotaryTable rotary;
    private final StepRows step;
    private final @Nullable ColumnExchange exchange; // with the other shards of these layers

    private InferenceModel(
            ModelPart part,
            PartLinks links,
            WeightSource source,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            int maxRows,
            TensorArena arena) {
        this.arena = arena;
        this.part = part;
        this.config = part.config();
        this.links = links;
        this.kernels = kernels;
        this.shape = AttentionShape.of(part.share());
        this.numKvBlocks = numKvBlocks;
        this.maxRows = maxRows;
        this.weights = InferenceWeights.of(part, source, kernels, options, numKvBlocks, arena);
        this.separatePrompts = options.promptsApart();
        this.rotary = config.positions() == PositionKind.ROTARY ? new RotaryTable(config, arena) : null;
        this.step = StepRows.allocate(part, maxRows, arena);
        this.exchange = StepRows.exchange(links, part, maxRows, arena);
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
     * @throws dev.troupe.model.TroupeException when the kernels cannot multiply weights of this type, or there is not
     *     enough memory
     */
    public static InferenceModel create(
            ModelConfig config,
            WeightSource weights,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            int maxRows) {
        return create(ModelPart.whole(config), PartLinks.alone(), weights, kernels, options, numKvBlocks, maxRows);
    }

    /**
     * As {@link #create(ModelConfig, WeightSource, Kernels, InferenceOptions, int, int)}, of a part of a model.
     *
     * <p>The members of all parts call {@link #forward} with the same arguments at the same time, each on a thread of
     * its own; the first shard of the last stage gets the results. When a call throws, the others are of no use any
     * more.
     *
     * @param links to them
     */
    public static InferenceModel create(
            ModelPart part,
            PartLinks links,
            WeightSource weights,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            int maxRows) {
        TensorArena arena = TensorArena.open("inference");
        try {
            return new InferenceModel(part, links, weights, kernels, options, numKvBlocks, maxRows, arena);
        } catch (RuntimeException | Error e) { // the next attempt needs the memory
            arena.close();
            throw e;
        }
    }

    /** The whole model's shape. */
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

    /** Copies what a block of the cache holds, in every layer of this part, into another. */
    public void copyBlock(int from, int to) {
        weights.layers().forEach(layer -> kernels.attention().copyBlock(layer.kv(), from, to));
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
     * What a pass gives, valid until the next one. Of a part that is not the one with the results: nothing, no rows.
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
        if (weights.tokens() == null) {
            links.stages().receive(rowsOf(step.hidden(), rows), links.stages().rank() - 1);
        } else {
            embed(weights.tokens(), rows, tokens, positions);
        }
        if (rotary != null) {
            rotary.reach(IntStream.of(positions).limit(rows).max().orElse(0) + 1);
        }
        for (InferenceLayer layer : weights.layers()) {
            attention(layer, rows, positions, blockTables, ofPrompt);
            mlp(layer, rows, ofPrompt);
        }
        if (weights.finalNorm() == null || weights.head() == null || step.logits() == null) {
            links.stages().send(rowsOf(step.hidden(), rows), links.stages().rank() + 1);
            return nothing();
        }
        return results(rows, weights.finalNorm(), weights.head(), step.logits(), wantLogits, wantHidden);
    }

    private static Tensor rowsOf(Tensor matrix, int rows) {
        return matrix.view(0, rows, matrix.dim(1));
    }

    private Output nothing() {
        return new Output(
                step.hidden().view(0, 0, config.vocabSize()), step.hidden().view(0, 0, config.dim()));
    }

    private void embed(EmbeddingRows table, int rows, int[] tokens, int[] positions) {
        table.gather(kernels.embedding(), rows, tokens, step.hidden());
        if (weights.positions() != null) {
            kernels.embedding().gather(rows, config.dim(), positions, weights.positions(), step.hidden(), true);
        }
    }

    private Output results(
            int rows, Affine finalNorm, ServedLinear head, Tensor to, boolean[] wantLogits, boolean[] wantHidden) {
        int[] wanted = IntStream.range(0, rows)
                .filter(row -> wantLogits[row] || wantHidden[row])
                .toArray();
        moveRows(step.hidden(), wanted, step.hidden());
        norm(wanted.length, finalNorm);
        int[] ofHidden = IntStream.range(0, wanted.length)
                .filter(i -> wantHidden[wanted[i]])
                .toArray();
        moveRows(step.normed(), ofHidden, step.hidden()); // free, now that it is normed
        int[] ofLogits = IntStream.range(0, wanted.length)
                .filter(i -> wantLogits[wanted[i]])
                .toArray();
        moveRows(step.normed(), ofLogits, step.normed());
        if (ofLogits.length > 0) {
            head.multiply(ofLogits.length, step.normed(), to, to.dim(1), false);
            if (exchange != null) {
                exchange.collect(ofLogits.length, part.vocabulary(), to);
            }
        }
        return part.givesResults()
                ? new Output(
                        to.view(0, ofLogits.length, config.vocabSize()),
                        step.hidden().view(0, ofHidden.length, config.dim()))
                : nothing();
    }

    private void attention(InferenceLayer layer, int rows, int[] positions, int[][] blockTables, boolean[] ofPrompt) {
        norm(rows, layer.attentionNorm());
        linear(rows, step.normed(), layer.qkv(), step.fused(), ofPrompt);
        if (rotary != null) {
            int turned = shape.numHeads() + shape.numKvHeads(); // queries and keys, not values
            kernels.rotary()
                    .rotate(
                            rows,
                            turned,
                            shape.headDim(),
                            step.fused(),
                            shape.fusedWidth(),
                            positions,
                            rotary.rows(),
                            false);
        }
        Tensor own = exchange == null ? step.heads() : exchange.own(rows, part.queryColumns());
        kernels.attention().cachedForward(layer.kv(), rows, step.fused(), positions, blockTables, own);
        if (exchange != null) {
            exchange.gather(rows, part.queryColumns(), step.heads());
        }
        addLinear(rows, step.heads(), layer.attentionOut(), ofPrompt);
    }

    private void mlp(InferenceLayer layer, int rows, boolean[] ofPrompt) {
        norm(rows, layer.mlpNorm());
        linear(rows, step.normed(), layer.up(), step.raised(), ofPrompt);
        ColumnSplit columns = part.inner();
        int width = columns.count(part.shard().rank());
        Tensor own = exchange == null ? step.inner() : exchange.own(rows, columns);
        switch (config.mlp()) {
            case GELU -> kernels.activation().geluForward((long) rows * width, step.raised(), own);
            case SWIGLU -> kernels.activation().swigluForward(rows, width, step.raised(), own);
        }
        if (exchange != null) {
            exchange.gather(rows, columns, step.inner());
        }
        addLinear(rows, step.inner(), layer.down(), ofPrompt);
    }

    private void norm(int rows, Affine weights) {
        switch (config.norm()) {
            case RMS ->
                kernels.normalization()
                        .rmsForward(
                                rows,
                                config.dim(),
                                config.normEpsilon(),
                                step.hidden(),
                                weights.weight(),
                                step.normed(),
                                step.rstd());
            case LAYER ->
                kernels.normalization()
                        .layerForward(
                                rows,
                                config.dim(),
                                config.normEpsilon(),
                                step.hidden(),
                                weights.weight(),
                                weights.bias(),
                                step.normed(),
                                step.mean(),
                                step.rstd());
        }
    }

    /** Adds a product to the residual stream, of which this part computes some columns. */
    private void addLinear(int rows, Tensor x, ServedLinear linear, boolean[] ofPrompt) {
        int first = part.residual().begin(part.shard().rank());
        multiply(rows, x, linear, step.hidden(), first, config.dim(), true, ofPrompt);
        if (exchange != null) {
            exchange.complete(rows, part.residual(), step.hidden());
        }
    }

    private void linear(int rows, Tensor x, ServedLinear linear, Tensor y, boolean[] ofPrompt) {
        multiply(rows, x, linear, y, 0, linear.n(), false, ofPrompt);
    }

    /**
     * Each run of rows of one kind at once: which kernel a row goes through depends on itself only.
     *
     * @param first column of y that the product begins at
     * @param stride between rows of y
     */
    private void multiply(
            int rows,
            Tensor x,
            ServedLinear linear,
            Tensor y,
            int first,
            int stride,
            boolean accumulate,
            boolean[] ofPrompt) {
        for (int from = 0; from < rows; ) {
            int end = from + 1;
            while (end < rows && (!separatePrompts || ofPrompt[end] == ofPrompt[from])) {
                end++;
            }
            int count = end - from;
            // A step has a hundred products, most of all rows: views were a third of what it left to the collector.
            Tensor some = from == 0 ? x : x.view((long) from * linear.k(), count, linear.k());
            boolean whole = from == 0 && first == 0;
            Tensor to = whole ? y : y.view((long) from * stride + first, (count - 1) * stride + linear.n());
            if (separatePrompts && ofPrompt[from]) {
                linear.multiplyPrompt(count, some, to, stride, accumulate);
            } else {
                linear.multiply(count, some, to, stride, accumulate);
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

    /** Bytes of weights that a step reads: all matrices of this part once. */
    public long matrixBytes() {
        return weights.linears().stream().mapToLong(ServedLinear::bytes).sum();
    }

    @Override
    public void close() {
        arena.close();
    }
}
