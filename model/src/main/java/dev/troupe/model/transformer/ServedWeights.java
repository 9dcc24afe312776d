package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.StorageType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What the matrices of a model are rounded to when it is loaded for inference: {@code serving.weights}. */
public final class ServedWeights {
    private ServedWeights() {}

    /** As configurations say it: "q8_0". */
    public static String configName(StorageType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /**
     * The type of this name.
     *
     * @throws TroupeException when there is none; its message lists the names
     */
    public static StorageType named(String name) {
        return Arrays.stream(StorageType.values())
                .filter(type -> configName(type).equals(name))
                .findFirst()
                .orElseThrow(() -> new TroupeException(
                        "weights in \"" + name + "\" are unknown; there is " + String.join(", ", names())));
    }

    /** All names. */
    public static List<String> names() {
        return Arrays.stream(StorageType.values())
                .map(ServedWeights::configName)
                .toList();
    }

    /**
     * What a matrix whose rows have {@code k} numbers is stored as: {@code wanted} where its blocks fill the rows, else
     * Q8_0, whose blocks are smaller and which loses less, else BF16, which has no blocks.
     */
    public static StorageType fitting(StorageType wanted, int k) {
        if (k % wanted.blockElements() == 0) {
            return wanted;
        }
        return k % StorageType.Q8_0.blockElements() == 0 ? StorageType.Q8_0 : StorageType.BF16;
    }
}
