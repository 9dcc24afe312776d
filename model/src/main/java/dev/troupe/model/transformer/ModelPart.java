package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.parallel.ColumnSplit;
import dev.troupe.model.parallel.TensorShard;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ParameterSlice.RowRange;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of a model that one member of a replica computes: some layers, and of each matrix some rows, which are
 * outputs. Every sum of a product stays within one member, so the results of all parts together have the bits of the
 * model in one piece. Parts need not be equal.
 *
 * @param config of the whole model
 * @param range layers
 * @param shard which rows
 */
public record ModelPart(ModelConfig config, StageRange range, TensorShard shard) {
    /** The model in one piece. */
    public static ModelPart whole(ModelConfig config) {
        return new ModelPart(config, StageRange.whole(config), TensorShard.WHOLE);
    }

    /**
     * A part of a model that is split into {@code stages} of {@code shards}. Stages have about the same number of
     * parameters, the head counted with the last one and the token table, which stays in its file, with none.
     *
     * @param stage from 0
     * @param shard from 0
     * @throws TroupeException when the model cannot be split like this
     */
    public static ModelPart of(ModelConfig config, int stage, int stages, int shard, int shards) {
        if (stages > config.numLayers()) {
            throw new TroupeException("troupe.serving.replica.pipeline = " + stages + " is more than the model's "
                    + config.numLayers() + " layers: a stage needs at least one");
        }
        if (shards > config.numKvHeads()) {
            throw new TroupeException("troupe.serving.replica.tensor = " + shards + " is more than the model's "
                    + config.numKvHeads() + " key-value heads: a shard needs at least one");
        }
        StageRange range = new StageRange(
                firstLayer(config, stage, stages),
                firstLayer(config, stage + 1, stages),
                stage == 0,
                stage == stages - 1);
        return new ModelPart(config, range, new TensorShard(shard, shards));
    }

    private static int firstLayer(ModelConfig config, int stage, int stages) {
        int layers = config.numLayers();
        if (stage == 0 || stage == stages) {
            return stage == 0 ? 0 : layers;
        }
        int upParts = config.mlp() == MlpKind.SWIGLU ? 2 : 1;
        double layer = (double) config.headDim() * (2 * config.numHeads() + 2 * config.numKvHeads())
                + (double) config.ffnDim() * (1 + upParts); // parameters, divided by C
        double head = config.vocabSize();
        double end = stage * (layers * layer + head) / stages;
        return Math.clamp(Math.round(end / layer), stage, layers - (stages - stage));
    }

    /** Whether it is all of the model. */
    public boolean isWhole() {
        return shard.isWhole() && range.isWhole(config);
    }

    /** The shape that this part computes with: the model's, with its share of heads, inner width and vocabulary. */
    public ModelConfig share() {
        if (shard.isWhole()) {
            return config;
        }
        int kvHeads = kvColumns().count(shard.rank()) / config.headDim();
        return config.withShare(
                kvHeads * (config.numHeads() / config.numKvHeads()),
                kvHeads,
                inner().count(shard.rank()),
                vocabulary().count(shard.rank()));
    }

    /** Bytes of a block of the cache in this part: keys and values of all of its layers. */
    public long cacheBlockBytes(StorageType type) {
        int heads = kvColumns().count(shard.rank()) / config.headDim();
        return KvBlocks.blockBytes(heads, config.headDim(), type) * range.numLayers();
    }

    /**
     * Bytes of a step's rows in this part, and of what it exchanges with other shards of its layers.
     *
     * @param maxRows most rows of a step
     * @param withLogits how many of them, at most all, have logits, which take no memory before
     */
    public long rowBytes(int maxRows, int withLogits) {
        return StepRows.bytes(this, maxRows, withLogits);
    }

    /** Whether logits and hidden states come together here. */
    boolean givesResults() {
        return range.hasHead() && shard.rank() == 0;
    }

    /** Columns of the residual stream, which are rows of the matrices that add to it. */
    public ColumnSplit residual() {
        return ColumnSplit.even(config.dim(), shard.size());
    }

    /** Columns of the MLP's inner width. */
    public ColumnSplit inner() {
        return ColumnSplit.even(config.ffnDim(), shard.size());
    }

    /** Tokens, which are rows of the head and columns of logits. */
    public ColumnSplit vocabulary() {
        return ColumnSplit.even(config.vocabSize(), shard.size());
    }

    /** Columns of queries, and of what attention gives: whole groups of heads that share keys and values. */
    public ColumnSplit queryColumns() {
        int group = config.numHeads() / config.numKvHeads();
        return ColumnSplit.ofGroups(config.numKvHeads(), group * config.headDim(), shard.size());
    }

    private ColumnSplit kvColumns() {
        return ColumnSplit.ofGroups(config.numKvHeads(), config.headDim(), shard.size());
    }

    /** Rows of [q; k; v]. */
    List<RowRange> qkvRows() {
        return rows(List.of(queryColumns(), kvColumns(), kvColumns()));
    }

    /** Rows of [gate; up], or of the one matrix before GELU. */
    List<RowRange> upRows() {
        return rows(config.mlp() == MlpKind.SWIGLU ? List.of(inner(), inner()) : List.of(inner()));
    }

    /** Rows of a matrix that adds to the residual stream. */
    List<RowRange> residualRows() {
        return rows(List.of(residual()));
    }

    /** Rows of the head. */
    List<RowRange> headRows() {
        return rows(List.of(vocabulary()));
    }

    /** Of matrices one above the other. */
    private List<RowRange> rows(List<ColumnSplit> parts) {
        if (shard.isWhole()) {
            return List.of(
                    new RowRange(0, parts.stream().mapToInt(ColumnSplit::width).sum()));
        }
        List<RowRange> ranges = new ArrayList<>();
        int at = 0;
        for (ColumnSplit part : parts) {
            ranges.add(new RowRange(at + part.begin(shard.rank()), at + part.end(shard.rank())));
            at += part.width();
        }
        return ranges;
    }

    @Override
    public String toString() {
        String layers = "layers " + range.firstLayer() + " to " + (range.endLayer() - 1) + " of " + config.numLayers();
        return shard.isWhole() ? layers : layers + ", shard " + (shard.rank() + 1) + " of " + shard.size();
    }
}
