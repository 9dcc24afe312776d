package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.parallel.TensorShard;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * Where each parameter lies in one flat float32 tensor, without gaps: embedding, positions, layer after layer, final
 * norm, head. In a layer the matrices come first, then the vectors, so that weight decay covers long runs; parts that
 * one matrix product computes together ([q; k; v], [gate; up]) are neighbours.
 *
 * <p>A pipeline stage's layout holds its own parameters only, and a tensor shard's its part of the split ones, under
 * the same names. With tied embeddings both the first and the last stage hold the token table, and their gradients must
 * be added.
 *
 * <p>The parameters are grouped in parts, which are used together: the token table, the positions, each block, the
 * final norm, the head. In a layout with windows only so many blocks are in memory at a time: block i and block i +
 * windows lie in the same place (ZeRO, arXiv:1910.02054, stages 2 and 3).
 */
public final class ParameterLayout {
    private static final double STANDARD_DEVIATION = 0.02; // GPT-2

    private static final int UNLIMITED = Integer.MAX_VALUE;

    private final ModelConfig config;
    private final StageRange range;
    private final TensorShard shard;
    private final boolean windowed;
    private final Map<String, ParameterSpec> specs = new LinkedHashMap<>();
    private final List<Part> parts = new ArrayList<>();
    private final List<ParameterSpec> ofPart = new ArrayList<>(); // that is being laid out
    private long at;
    private long size;

    /** Parameters that are used together: elements [from, to) of the flat tensor. */
    public record Part(PartKind kind, int layer, long from, long to, List<ParameterSpec> specs) {
        public Part {
            specs = List.copyOf(specs);
        }

        public int size() {
            return Math.toIntExact(to - from);
        }
    }

    /** What a part holds. */
    public enum PartKind {
        TABLE,
        POSITIONS,
        BLOCK,
        FINAL_NORM,
        HEAD
    }

    private ParameterLayout(ModelConfig config, StageRange range, TensorShard shard, int windows) {
        this.config = config;
        this.range = range;
        this.shard = shard;
        this.windowed = windows != UNLIMITED;
        ParameterNames names = ParameterNames.of(config);
        if (range.hasEmbedding()) {
            part(
                    PartKind.TABLE,
                    -1,
                    () -> rowSplit(names.embedding(), List.of(config.vocabSize()), STANDARD_DEVIATION));
            if (config.positions() == PositionKind.LEARNED) {
                ParameterSlice table = ParameterSlice.whole(config.contextLength(), config.dim());
                part(PartKind.POSITIONS, -1, () -> weight(names.positions(), table, STANDARD_DEVIATION));
            }
        }
        int firstBlock = parts.size();
        for (int layer = range.firstLayer(); layer < range.endLayer(); layer++) {
            int block = layer - range.firstLayer();
            if (block >= windows) {
                at = parts.get(firstBlock + block % windows).from();
            }
            int number = layer;
            part(PartKind.BLOCK, layer, () -> block(names.blocks().layer(number)));
        }
        at = size;
        if (range.hasHead()) {
            part(PartKind.FINAL_NORM, -1, () -> norm(names.finalNorm()));
            if (!config.tiedEmbeddings() || !range.hasEmbedding()) {
                String head = config.tiedEmbeddings() ? names.embedding() : names.head();
                part(PartKind.HEAD, -1, () -> rowSplit(head, List.of(config.vocabSize()), STANDARD_DEVIATION));
            }
        }
    }

    private void part(PartKind kind, int layer, Runnable parameters) {
        long from = at;
        ofPart.clear();
        parameters.run();
        parts.add(new Part(kind, layer, from, at, ofPart));
        size = Math.max(size, at);
    }

    /** The layout of the whole model. */
    public static ParameterLayout of(ModelConfig config) {
        return of(config, StageRange.whole(config));
    }

    /** The layout of a pipeline stage. */
    public static ParameterLayout of(ModelConfig config, StageRange range) {
        return of(config, range, TensorShard.WHOLE);
    }

    /** The layout of a tensor shard of a pipeline stage; {@code config} is the whole model's. */
    public static ParameterLayout of(ModelConfig config, StageRange range, TensorShard shard) {
        return of(config, range, shard, UNLIMITED);
    }

    /** The same with at most {@code windows} blocks in memory at a time. */
    public static ParameterLayout of(ModelConfig config, StageRange range, TensorShard shard, int windows) {
        if (range.endLayer() > config.numLayers()) {
            throw new IllegalArgumentException(range + " of a model of " + config.numLayers() + " layers");
        }
        return new ParameterLayout(config, range, shard, windows);
    }

    /** All parts, in order of use. */
    public List<Part> parts() {
        return List.copyOf(parts);
    }

    /** The index of the part of this kind and layer (-1 for all but blocks), or -1 for none. */
    public int indexOf(PartKind kind, int layer) {
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).kind() == kind && parts.get(i).layer() == layer) {
                return i;
            }
        }
        return -1;
    }

    /** Whether it has windows, so that blocks may share memory. */
    public boolean isWindowed() {
        return windowed;
    }

    /** All parameters in order of use, which without windows is that of their offsets. */
    public List<ParameterSpec> specs() {
        return List.copyOf(specs.values());
    }

    /** Number of elements in memory: without windows the parameter count. */
    public long size() {
        return size;
    }

    /**
     * The parameter of this name.
     *
     * @throws NoSuchElementException when the model has no such parameter
     */
    public ParameterSpec spec(String name) {
        ParameterSpec spec = specs.get(name);
        if (spec == null) {
            throw new NoSuchElementException("the model has no parameter '" + name + "'");
        }
        return spec;
    }

    public boolean contains(String name) {
        return specs.containsKey(name);
    }

    /** The whole model's shape. */
    public ModelConfig config() {
        return config;
    }

    /** Which part of each split parameter is here. */
    public TensorShard shard() {
        return shard;
    }

    public StageRange range() {
        return range;
    }

    private void block(ParameterNames.Block names) {
        AttentionShape heads = AttentionShape.of(config);
        List<Integer> fused = List.of(heads.queryWidth(), heads.kvWidth(), heads.kvWidth());
        List<List<Integer>> qkvRows = names.qkv().size() == 1
                ? List.of(fused)
                : fused.stream().map(List::of).toList();
        int upParts = config.mlp() == MlpKind.SWIGLU ? 2 : 1;
        List<Integer> upRows = Collections.nCopies(upParts / names.up().size(), config.ffnDim());
        double residual = STANDARD_DEVIATION / Math.sqrt(2.0 * config.numLayers()); // GPT-2: 2 additions a layer

        for (int i = 0; i < names.qkv().size(); i++) {
            rowSplit(names.qkv().get(i), qkvRows.get(i), STANDARD_DEVIATION);
        }
        columnSplit(names.attentionOut(), heads.queryWidth(), residual);
        for (String up : names.up()) {
            rowSplit(up, upRows, STANDARD_DEVIATION);
        }
        columnSplit(names.down(), config.ffnDim(), residual);

        norm(names.attentionNorm());
        norm(names.mlpNorm());
        if (config.qkvBias()) {
            for (int i = 0; i < names.qkv().size(); i++) {
                splitBias(names.qkv().get(i), qkvRows.get(i));
            }
        }
        if (config.attentionOutBias()) {
            wholeVector(names.attentionOut() + ".bias", 0);
        }
        if (config.bias()) {
            for (String up : names.up()) {
                splitBias(up, upRows);
            }
            wholeVector(names.down() + ".bias", 0);
        }
    }

    /** [the sum of parts, C] of which a shard has rows of each part. */
    private void rowSplit(String name, List<Integer> parts, double standardDeviation) {
        weight(name, ParameterSlice.rows(parts, config.dim(), shard), standardDeviation);
    }

    /** [C, columns] of which a shard has columns. */
    private void columnSplit(String name, int columns, double standardDeviation) {
        weight(name, ParameterSlice.columns(config.dim(), columns, shard), standardDeviation);
    }

    private void weight(String name, ParameterSlice slice, double standardDeviation) {
        List<Integer> shape = List.of(slice.partRows(), slice.partColumns());
        add(name + ".weight", shape, slice, true, new Init.Normal(standardDeviation));
    }

    private void splitBias(String name, List<Integer> parts) {
        vector(name + ".bias", ParameterSlice.rows(parts, 1, shard), 0);
    }

    private void norm(String name) {
        wholeVector(name + ".weight", 1);
        if (config.norm() == NormKind.LAYER && config.bias()) {
            wholeVector(name + ".bias", 0);
        }
    }

    private void wholeVector(String name, float value) {
        vector(name, ParameterSlice.whole(config.dim(), 1), value);
    }

    private void vector(String name, ParameterSlice slice, float value) {
        add(name, List.of(slice.partRows()), slice, false, new Init.Constant(value));
    }

    private void add(String name, List<Integer> shape, ParameterSlice slice, boolean decay, Init init) {
        long elements = (long) slice.partRows() * slice.partColumns();
        ParameterSpec spec = new ParameterSpec(name, shape, at, elements, slice, decay, init);
        specs.put(name, spec);
        ofPart.add(spec);
        at += elements;
    }
}
