package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.layer.RotaryTable;
import dev.troupe.model.layer.TokenEmbedding;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.InferenceLayer.PackedLinear;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Inference over paged keys and values. The same kernels in the same order as {@link TrainingStage}, each
 * batch-invariant, so a token's logits have the same bits whatever else is in the batch, however its prompt was cut
 * into chunks, and equal those of a training or evaluation pass.
 *
 * <p>Matrices are packed once; norms, biases and the token table are read from the weights given, which must stay open
 * and unchanged. Not thread-safe.
 */
public final class InferenceModel implements AutoCloseable {
    private final ModelConfig config;
    private final Kernels kernels;
    private final AttentionShape shape;
    private final int numKvBlocks;
    private final int maxRows;
    private final TensorArena arena = TensorArena.open("inference");
    private final TokenEmbedding.Tables embedding;
    private final List<InferenceLayer> layers = new ArrayList<>();
    private final Affine finalNorm;
    private final PackedMatrix head;
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

    private InferenceModel(ModelConfig config, Parameters weights, Kernels kernels, int numKvBlocks, int maxRows) {
        this.config = config;
        this.kernels = kernels;
        this.shape = new AttentionShape(config.numHeads(), config.numKvHeads(), config.headDim());
        this.numKvBlocks = numKvBlocks;
        this.maxRows = maxRows;
        PartBinding parts = new PartBinding(config, weights);
        this.embedding = parts.embedding();
        for (int layer = 0; layer < config.numLayers(); layer++) {
            layers.add(InferenceLayer.of(config, parts.block(layer), kernels.gemm(), numKvBlocks, arena));
        }
        this.finalNorm = parts.finalNorm();
        this.head =
                kernels.gemm().pack(Transpose.YES, config.dim(), config.vocabSize(), parts.head(), config.dim(), arena);
        this.rotaryTable = config.positions() == PositionKind.ROTARY ? RotaryTable.create(config, arena) : null;
        this.hidden = arena.allocate(maxRows, config.dim());
        this.normed = arena.allocate(maxRows, config.dim());
        this.fused = arena.allocate(maxRows, shape.fusedWidth());
        this.heads = arena.allocate(maxRows, shape.queryWidth());
        this.raised = arena.allocate(maxRows, layers.getFirst().up().matrix().n());
        this.inner = arena.allocate(maxRows, config.ffnDim());
        this.mean = arena.allocate(maxRows);
        this.rstd = arena.allocate(maxRows);
        this.logits = arena.allocate(maxRows, config.vocabSize());
    }

    /**
     * Packs the weights and allocates the cache.
     *
     * @param numKvBlocks blocks of {@link dev.troupe.model.kernel.attention.KvBlocks#BLOCK_TOKENS} tokens, shared by
     *     all sequences
     * @param maxRows most rows of a {@link #forward} call
     */
    public static InferenceModel create(
            ModelConfig config, Parameters weights, Kernels kernels, int numKvBlocks, int maxRows) {
        return new InferenceModel(config, weights, kernels, numKvBlocks, maxRows);
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
     * Runs {@code rows} tokens, storing their keys and values. Rows of one sequence come in order of position, and all
     * earlier positions of it must have been run before, now or in another call.
     *
     * @param positions of each row in its sequence
     * @param blockTables of each row, the block numbers of its sequence
     * @param wantLogits of each row, whether its logits are asked for
     * @return logits [numWanted, V] in order of rows, valid until the next call
     */
    public Tensor forward(int rows, int[] tokens, int[] positions, int[][] blockTables, boolean[] wantLogits) {
        if (rows < 1 || rows > maxRows) {
            throw new IllegalArgumentException(rows + " rows in a model set up for 1 to " + maxRows);
        }
        kernels.embedding().gather(rows, config.dim(), tokens, embedding.tokens(), hidden, false);
        if (embedding.positions() != null) {
            kernels.embedding().gather(rows, config.dim(), positions, embedding.positions(), hidden, true);
        }
        for (InferenceLayer layer : layers) {
            attention(layer, rows, positions, blockTables);
            mlp(layer, rows);
        }
        int wanted = keepWantedRows(rows, wantLogits);
        norm(wanted, finalNorm);
        if (wanted > 0) {
            kernels.gemm().multiplyPacked(wanted, normed, config.dim(), head, null, logits, config.vocabSize(), false);
        }
        return logits.view(0, wanted, config.vocabSize());
    }

    private void attention(InferenceLayer layer, int rows, int[] positions, int[][] blockTables) {
        norm(rows, layer.attentionNorm());
        linear(rows, normed, layer.qkv(), fused, false);
        if (rotaryTable != null) {
            int turned = shape.numHeads() + shape.numKvHeads(); // queries and keys, not values
            kernels.rotary()
                    .rotate(rows, turned, shape.headDim(), fused, shape.fusedWidth(), positions, rotaryTable, false);
        }
        kernels.attention().cachedForward(layer.kv(), rows, fused, positions, blockTables, heads);
        linear(rows, heads, layer.attentionOut(), hidden, true);
    }

    private void mlp(InferenceLayer layer, int rows) {
        norm(rows, layer.mlpNorm());
        linear(rows, normed, layer.up(), raised, false);
        switch (config.mlp()) {
            case GELU -> kernels.activation().geluForward((long) rows * config.ffnDim(), raised, inner);
            case SWIGLU -> kernels.activation().swigluForward(rows, config.ffnDim(), raised, inner);
        }
        linear(rows, inner, layer.down(), hidden, true);
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

    private void linear(int rows, Tensor x, PackedLinear linear, Tensor y, boolean accumulate) {
        PackedMatrix matrix = linear.matrix();
        kernels.gemm().multiplyPacked(rows, x, matrix.k(), matrix, linear.bias(), y, matrix.n(), accumulate);
    }

    /** Moves the wanted rows of the residual stream to the front; returns how many. */
    private int keepWantedRows(int rows, boolean[] wantLogits) {
        int dim = config.dim();
        int wanted = 0;
        for (int row = 0; row < rows; row++) {
            if (wantLogits[row]) {
                if (wanted != row) {
                    hidden.view((long) wanted * dim, dim).copyFrom(hidden.view((long) row * dim, dim));
                }
                wanted++;
            }
        }
        return wanted;
    }

    @Override
    public void close() {
        arena.close();
    }
}
