package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model's weights laid out for inference in an arena of their own, and the cache of keys and values.
 *
 * @param positions [contextLength, C], null when positions are rotary
 */
record InferenceWeights(
        EmbeddingRows tokens,
        @Nullable Tensor positions,
        List<InferenceLayer> layers,
        Affine finalNorm,
        ServedLinear head) {
    private static final Logger LOG = LoggerFactory.getLogger(InferenceWeights.class);

    /**
     * Lays out the weights layer by layer.
     *
     * @throws TroupeException when the kernels round operands and the weights are not float32
     */
    static InferenceWeights of(
            ModelConfig config,
            WeightSource source,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            TensorArena arena) {
        requirePrecision(kernels, options);
        AttentionShape shape = AttentionShape.of(config);
        ParameterNames names = ParameterNames.of(config);
        StoredWeights first = source.layer(0);
        EmbeddingRows tokens = embedding(first, names.embedding() + ".weight", kernels, options, arena);
        Tensor positions = config.positions() == PositionKind.LEARNED
                ? first.floats(names.positions() + ".weight", arena, config.contextLength(), config.dim())
                : null;
        List<InferenceLayer> layers = new ArrayList<>();
        for (int i = 0; i < config.numLayers(); i++) {
            ParameterNames.Block block = names.blocks().layer(i);
            Layout layer = new Layout(config, source.layer(i), kernels, options, arena);
            layers.add(new InferenceLayer(
                    layer.norm(block.attentionNorm()),
                    layer.linear(block.qkv(), config.qkvBias()),
                    new KvBlocks(shape, numKvBlocks, arena),
                    layer.linear(List.of(block.attentionOut()), config.bias()),
                    layer.norm(block.mlpNorm()),
                    layer.linear(block.up(), config.bias()),
                    layer.linear(List.of(block.down()), config.bias())));
        }
        Layout last = new Layout(config, source.layer(config.numLayers() - 1), kernels, options, arena);
        String head = config.tiedEmbeddings() ? names.embedding() : names.head();
        InferenceWeights weights = new InferenceWeights(
                tokens, positions, layers, last.norm(names.finalNorm()), last.linear(List.of(head), false));
        weights.logOtherTypes(options.weights());
        return weights;
    }

    private static EmbeddingRows embedding(
            StoredWeights weights, String name, Kernels kernels, InferenceOptions options, TensorArena arena) {
        try (TensorArena scratch = TensorArena.open("inference.rounding")) {
            return EmbeddingRows.of(weights, name, new LinearLayout(kernels, options, arena, scratch));
        }
    }

    private static void requirePrecision(Kernels kernels, InferenceOptions options) {
        boolean rounded = options.weights() != null && options.weights() != StorageType.F32;
        boolean products = options.prompts() != null || options.rounded() != null;
        if ((rounded || products) && kernels.precision() != Precision.FP32) {
            throw new TroupeException("products with weights in " + ServedWeights.configName(options.weights())
                    + " are float32: leave the precision at fp32, not "
                    + kernels.precision().configName() + " (prefill = bf16 or int8 rounds the rows of prompts only)");
        }
    }

    /** The parts of one layer. */
    private record Layout(
            ModelConfig config, StoredWeights source, Kernels kernels, InferenceOptions options, TensorArena arena) {
        Affine norm(String name) {
            boolean hasBias = config.bias() && config.norm() == NormKind.LAYER;
            return new Affine(
                    source.floats(name + ".weight", arena, config.dim()),
                    hasBias ? source.floats(name + ".bias", arena, config.dim()) : null);
        }

        /** One product with all of {@code names}, one above the other. */
        ServedLinear linear(List<String> names, boolean hasBias) {
            try (TensorArena scratch = TensorArena.open("inference.rounding")) {
                List<StoredTensor> parts = names.stream()
                        .map(name -> source.get(name + ".weight", scratch))
                        .toList();
                ServedLinear linear =
                        ServedLinear.of(parts, hasBias ? bias(names, parts) : null, kernels, options, arena, scratch);
                // Else the file would be in memory beside its layout.
                names.forEach(name -> source.forget(name + ".weight"));
                return linear;
            }
        }

        private Tensor bias(List<String> names, List<StoredTensor> parts) {
            Tensor bias =
                    arena.allocate(parts.stream().mapToInt(StoredTensor::rows).sum());
            try (TensorArena scratch = TensorArena.open("inference.rounding")) {
                long from = 0;
                for (String name : names) {
                    StoredTensor part = source.get(name + ".bias", scratch);
                    part.read(bias.view(from, part.columns()).segment());
                    from += part.columns();
                }
            }
            return bias;
        }
    }

    /** Every matrix of the model. */
    List<ServedLinear> linears() {
        List<ServedLinear> all = new ArrayList<>();
        for (InferenceLayer layer : layers) {
            all.addAll(List.of(layer.qkv(), layer.attentionOut(), layer.up(), layer.down()));
        }
        all.add(head);
        return all;
    }

    private void logOtherTypes(@Nullable StorageType wanted) {
        if (wanted == null) {
            return;
        }
        Map<StorageType, Integer> others = new TreeMap<>();
        for (ServedLinear linear : linears()) {
            StorageType type = linear.type();
            if (type != wanted) {
                others.merge(type, 1, Integer::sum);
            }
        }
        if (!others.isEmpty()) {
            LOG.info(
                    "rows of {} matrices do not fill whole blocks of {}; stored instead: {}",
                    others.values().stream().mapToInt(Integer::intValue).sum(),
                    ServedWeights.configName(wanted),
                    others);
        }
    }
}
