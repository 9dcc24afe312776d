package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.StorageType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the matrices of a model are rounded to when it is loaded for inference: {@code serving.weights}. */
public final class ServedWeights {
    /** Each matrix in the type that its file has it in. */
    public static final String STORED = "stored";

    private ServedWeights() {}

    /** As configurations say it: "q8_0"; null is "stored". */
    public static String configName(@Nullable StorageType type) {
        return type == null ? STORED : type.name().toLowerCase(Locale.ROOT);
    }

    /**
     * The type of this name, null for "stored".
     *
     * @throws TroupeException when there is none; its message lists the names
     */
    public static @Nullable StorageType named(String name) {
        return name.equals(STORED) ? null : typeNamed(name);
    }

    private static StorageType typeNamed(String name) {
        return Arrays.stream(StorageType.values())
                .filter(type -> configName(type).equals(name))
                .findFirst()
                .orElseThrow(() -> new TroupeException(
                        "weights in \"" + name + "\" are unknown; there is " + String.join(", ", names())));
    }

    /** All names. */
    public static List<String> names() {
        return Stream.concat(
                        Stream.of(STORED), Arrays.stream(StorageType.values()).map(ServedWeights::configName))
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
