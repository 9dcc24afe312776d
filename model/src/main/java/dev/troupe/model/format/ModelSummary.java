package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.WeightMemory;
import java.util.List;
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
    private static final InferenceSettings AS_STORED = new InferenceSettings(null, Prefill.EXACT, Decode.EXACT);

    public static ModelSummary of(OpenModel model) {
        ModelConfig config = model.config();
        long parameters = ParameterLayout.of(config).size();
        long weights =
                WeightMemory.bytes(List.of(ModelPart.whole(config)), model.weights()::type, AS_STORED, Precision.FP32);
        long kv = 2L * config.numLayers() * config.numKvHeads() * config.headDim() * Float.BYTES;
        return new ModelSummary(parameters, model.bytesByType(), weights, kv);
    }

    /** Memory of keys and values of a whole context. */
    public long kvBytes(int contextLength) {
        return kvBytesPerToken * contextLength;
    }
}
