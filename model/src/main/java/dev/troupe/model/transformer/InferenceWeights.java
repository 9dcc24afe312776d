package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.layer.BlockParts;
import dev.troupe.model.layer.TokenEmbedding;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A model's weights laid out for inference in an arena of their own, and the cache of keys and values. */
record InferenceWeights(
        TokenEmbedding.Tables embedding, List<InferenceLayer> layers, Affine finalNorm, ServedLinear head) {
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
        AttentionShape shape = new AttentionShape(config.numHeads(), config.numKvHeads(), config.headDim());
        PartBinding first = new PartBinding(config, source.layer(0));
        TokenEmbedding.Tables embedding = new TokenEmbedding.Tables(
                copy(first.embedding().tokens(), arena),
                ServedLinear.copy(first.embedding().positions(), arena));
        List<InferenceLayer> layers = new ArrayList<>();
        for (int layer = 0; layer < config.numLayers(); layer++) {
            BlockParts parts = new PartBinding(config, source.layer(layer)).block(layer);
            layers.add(new InferenceLayer(
                    copy(parts.attentionNorm(), arena),
                    ServedLinear.of(parts.qkv(), kernels, options, arena),
                    new KvBlocks(shape, numKvBlocks, arena),
                    ServedLinear.of(parts.attentionOut(), kernels, options, arena),
                    copy(parts.mlpNorm(), arena),
                    ServedLinear.of(parts.up(), kernels, options, arena),
                    ServedLinear.of(parts.down(), kernels, options, arena)));
        }
        PartBinding last = new PartBinding(config, source.layer(config.numLayers() - 1));
        InferenceWeights weights = new InferenceWeights(
                embedding,
                layers,
                copy(last.finalNorm(), arena),
                ServedLinear.of(new Affine(last.head(), null), kernels, options, arena));
        weights.logOtherTypes(options.weights());
        return weights;
    }

    private static void requirePrecision(Kernels kernels, InferenceOptions options) {
        boolean stored = options.weights() != StorageType.F32 || options.prompts() != null;
        if (stored && kernels.precision() != Precision.FP32) {
            throw new TroupeException("products with weights in " + ServedWeights.configName(options.weights())
                    + " are float32: leave the precision at fp32, not "
                    + kernels.precision().configName() + " (prefill = bf16 or int8 rounds the rows of prompts only)");
        }
    }

    private static Tensor copy(Tensor tensor, TensorArena arena) {
        return Objects.requireNonNull(ServedLinear.copy(tensor, arena));
    }

    private static Affine copy(Affine parts, TensorArena arena) {
        return new Affine(copy(parts.weight(), arena), ServedLinear.copy(parts.bias(), arena));
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

    private void logOtherTypes(StorageType wanted) {
        Map<StorageType, Integer> others = new TreeMap<>();
        for (ServedLinear linear : linears()) {
            if (linear instanceof ServedLinear.Stored stored && stored.weight().type() != wanted) {
                others.merge(stored.weight().type(), 1, Integer::sum);
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
