package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.attention.AttentionShape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * Where each parameter lies in one flat float32 tensor, without gaps: embedding, positions, layer after layer, final
 * norm, head. In a layer the matrices come first, then the vectors, so that weight decay covers long runs; parts that
 * one matrix product computes together ([q; k; v], [gate; up]) are neighbours.
 *
 * <p>A pipeline stage's layout holds its own parameters only. With tied embeddings both the first and the last stage
 * hold the token table, and their gradients must be added.
 */
public final class ParameterLayout {
    private static final double STANDARD_DEVIATION = 0.02; // GPT-2

    private final ModelConfig config;
    private final StageRange range;
    private final Map<String, ParameterSpec> specs = new LinkedHashMap<>();
    private long size;

    private ParameterLayout(ModelConfig config, StageRange range) {
        this.config = config;
        this.range = range;
        ParameterNames names = ParameterNames.of(config);
        if (range.hasEmbedding()) {
            matrix(names.embedding(), config.vocabSize(), config.dim(), STANDARD_DEVIATION);
            if (config.positions() == PositionKind.LEARNED) {
                matrix(names.positions(), config.contextLength(), config.dim(), STANDARD_DEVIATION);
            }
        }
        for (int layer = range.firstLayer(); layer < range.endLayer(); layer++) {
            block(names.blocks().layer(layer));
        }
        if (range.hasHead()) {
            norm(names.finalNorm());
            if (!config.tiedEmbeddings()) {
                matrix(names.head(), config.vocabSize(), config.dim(), STANDARD_DEVIATION);
            } else if (!range.hasEmbedding()) {
                matrix(names.embedding(), config.vocabSize(), config.dim(), STANDARD_DEVIATION);
            }
        }
    }

    /** The layout of the whole model. */
    public static ParameterLayout of(ModelConfig config) {
        return of(config, StageRange.whole(config));
    }

    /** The layout of a pipeline stage. */
    public static ParameterLayout of(ModelConfig config, StageRange range) {
        if (range.endLayer() > config.numLayers()) {
            throw new IllegalArgumentException(range + " of a model of " + config.numLayers() + " layers");
        }
        return new ParameterLayout(config, range);
    }

    /** All parameters in order of offset. */
    public List<ParameterSpec> specs() {
        return List.copyOf(specs.values());
    }

    /** Number of elements: the parameter count. */
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

    public ModelConfig config() {
        return config;
    }

    public StageRange range() {
        return range;
    }

    private void block(ParameterNames.Block names) {
        AttentionShape heads = AttentionShape.of(config);
        List<Integer> qkvRows = names.qkv().size() == 1
                ? List.of(heads.fusedWidth())
                : List.of(heads.queryWidth(), heads.kvWidth(), heads.kvWidth());
        int upWidth = config.mlp() == MlpKind.SWIGLU ? 2 * config.ffnDim() : config.ffnDim();
        int upRows = upWidth / names.up().size();
        double residual = STANDARD_DEVIATION / Math.sqrt(2.0 * config.numLayers()); // GPT-2: 2 additions a layer

        for (int i = 0; i < names.qkv().size(); i++) {
            matrix(names.qkv().get(i), qkvRows.get(i), config.dim(), STANDARD_DEVIATION);
        }
        matrix(names.attentionOut(), config.dim(), heads.queryWidth(), residual);
        for (String up : names.up()) {
            matrix(up, upRows, config.dim(), STANDARD_DEVIATION);
        }
        matrix(names.down(), config.dim(), config.ffnDim(), residual);

        norm(names.attentionNorm());
        norm(names.mlpNorm());
        if (config.qkvBias()) {
            for (int i = 0; i < names.qkv().size(); i++) {
                vector(names.qkv().get(i) + ".bias", qkvRows.get(i), 0);
            }
        }
        if (config.bias()) {
            vector(names.attentionOut() + ".bias", config.dim(), 0);
            for (String up : names.up()) {
                vector(up + ".bias", upRows, 0);
            }
            vector(names.down() + ".bias", config.dim(), 0);
        }
    }

    private void matrix(String name, int rows, int columns, double standardDeviation) {
        add(name + ".weight", List.of(rows, columns), true, new Init.Normal(standardDeviation));
    }

    private void norm(String name) {
        vector(name + ".weight", config.dim(), 1);
        if (config.norm() == NormKind.LAYER && config.bias()) {
            vector(name + ".bias", config.dim(), 0);
        }
    }

    private void vector(String name, int length, float value) {
        add(name, List.of(length), false, new Init.Constant(value));
    }

    private void add(String name, List<Integer> shape, boolean decay, Init init) {
        long elements = 1;
        for (int dim : shape) {
            elements *= dim;
        }
        specs.put(name, new ParameterSpec(name, new ArrayList<>(shape), size, elements, decay, init));
        size += elements;
    }
}
