package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.tensor.StorageType;
import java.util.List;

/** What keys and values are rounded to when they are kept for later tokens: {@code serving.kvCacheType}. */
public final class ServedCache {
    /** Not rounded. */
    public static final String EXACT = "f32";

    private ServedCache() {}

    /**
     * The type of this name.
     *
     * @throws TroupeException when there is none; its message lists the names
     */
    public static StorageType named(String name) {
        return KvBlocks.TYPES.stream()
                .filter(type -> ServedWeights.configName(type).equals(name))
                .findFirst()
                .orElseThrow(() -> new TroupeException(
                        "a key-value cache in \"" + name + "\" is unknown; there is " + String.join(", ", names())));
    }

    /** All names. */
    public static List<String> names() {
        return KvBlocks.TYPES.stream().map(ServedWeights::configName).toList();
    }
}
