package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.quantized.VectorWeightProduct;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import java.util.Map;

/**
 * What a model is and needs, without reading its numbers. Left out are the room for the rows of a step, which
 * {@code serving.maxBatchTokens} decides, and the table of rotary positions, four bytes for each number of a head and
 * position of the context, which fills as positions are reached.
 *
 * @param parameters elements of all weights
 * @param bytesByType bytes of the weights in their files, by type
 * @param weightBytes memory of the weights while they are served as they are stored: matrices laid out for products;
 *     rows of the embedding stay in the file and are not counted
 * @param kvBytesPerToken memory of keys and values of one position, float32
 */
public record ModelSummary(
        long parameters, Map<StorageType, Long> bytesByType, long weightBytes, long kvBytesPerToken) {
    public static ModelSummary of(OpenModel model) {
        ModelConfig config = model.config();
        long parameters = 0;
        long weights = 0;
        for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
            parameters += spec.size();
            weights += served(model, spec);
        }
        long kv = 2L * config.numLayers() * config.numKvHeads() * config.headDim() * Float.BYTES;
        return new ModelSummary(parameters, model.bytesByType(), weights, kv);
    }

    private static long served(OpenModel model, ParameterSpec spec) {
        boolean table = isTable(model.config(), spec);
        boolean isHead = table && model.config().tiedEmbeddings();
        if (spec.shape().size() == 1 || (table && !isHead)) {
            return table ? 0 : spec.size() * Float.BYTES;
        }
        if (isPositions(model.config(), spec)) {
            return spec.size() * Float.BYTES;
        }
        return VectorWeightProduct.packedBytes(
                model.weights().type(spec.name()),
                spec.shape().getFirst(),
                spec.shape().getLast());
    }

    private static boolean isTable(ModelConfig config, ParameterSpec spec) {
        return spec.name().equals(new WeightNames(config).embedding());
    }

    private static boolean isPositions(ModelConfig config, ParameterSpec spec) {
        return config.positions() == PositionKind.LEARNED
                && spec.name().matches("wpe\\.weight|.*embed_positions\\.weight");
    }

    /** Memory of keys and values of a whole context. */
    public long kvBytes(int contextLength) {
        return kvBytesPerToken * contextLength;
    }
}
