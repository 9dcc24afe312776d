package dev.troupe.model.transformer;

import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.int8.BlockWeight;
import dev.troupe.model.kernel.quantized.VectorWeightProduct;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ParameterLayout.Part;
import dev.troupe.model.transformer.ParameterLayout.PartKind;
import java.util.List;
import java.util.function.Function;

/**
 * Memory of weights that are laid out for products, without laying them out. Rows of the token table stay in the file
 * and are not counted, unless they are the head's, too.
 */
public final class WeightMemory {
    private final ModelPart part;
    private final Function<String, StorageType> stored;
    private final InferenceSettings settings;
    private final Precision precision;

    private WeightMemory(
            ModelPart part, Function<String, StorageType> stored, InferenceSettings settings, Precision precision) {
        this.part = part;
        this.stored = stored;
        this.settings = settings;
        this.precision = precision;
    }

    /**
     * Bytes of the weights of some parts, within a few in a hundred of what is allocated.
     *
     * @param stored the type that a weight of this name is stored in
     * @param settings that were {@link InferenceSettings#decided} for the model
     * @param precision of the kernels
     */
    public static long bytes(
            List<ModelPart> parts,
            Function<String, StorageType> stored,
            InferenceSettings settings,
            Precision precision) {
        return parts.stream()
                .mapToLong(part -> new WeightMemory(part, stored, settings, precision).bytes())
                .sum();
    }

    private long bytes() {
        return ParameterLayout.of(part.config(), part.range()).parts().stream()
                .flatMapToLong(group -> group.specs().stream().mapToLong(spec -> bytes(group, spec)))
                .sum();
    }

    private long bytes(Part group, ParameterSpec spec) {
        boolean isHead = part.config().tiedEmbeddings() && part.range().hasHead();
        if (group.kind() == PartKind.TABLE && !isHead) {
            return 0;
        }
        if (spec.shape().size() == 1 || group.kind() == PartKind.POSITIONS) {
            return spec.size() * Float.BYTES;
        }
        int rows = Math.ceilDiv(spec.shape().getFirst(), part.shard().size());
        return matrix(stored.apply(spec.name()), rows, spec.shape().getLast());
    }

    /** A matrix [n, k], and the layout that prompts have for themselves. */
    private long matrix(StorageType inFile, int n, int k) {
        long numbers = (long) n * k;
        if (precision != Precision.FP32) {
            return Short.BYTES * numbers;
        }
        StorageType type = LinearLayout.target(settings.weights(), precision, inFile, k);
        long own = VectorWeightProduct.packedBytes(type, n, k);
        if (settings.decode() == Decode.INT8) {
            if (!BlockWeight.hasFourBits(type)) {
                return numbers;
            }
            return settings.promptsApart() ? own + numbers : own;
        }
        return own
                + switch (settings.prefill()) {
                    case AUTO, EXACT -> 0;
                    case BF16 -> Short.BYTES * numbers;
                    case INT8, INT8_COPY -> numbers;
                };
    }
}
