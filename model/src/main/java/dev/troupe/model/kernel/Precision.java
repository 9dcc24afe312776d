package dev.troupe.model.kernel;

import dev.troupe.model.TroupeException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What matrix products round their operands to. Sums, results and all other operations are float32, and so are weights,
 * gradients, the residual stream and attention; activations that only products read are kept as rounded.
 */
public enum Precision {
    FP32,
    BF16;

    /** As configurations say it: "fp32". */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The precision of this name.
     *
     * @throws TroupeException when there is none; its message lists the names
     */
    public static Precision named(String name) {
        return Arrays.stream(values())
                .filter(precision -> precision.configName().equals(name))
                .findFirst()
                .orElseThrow(() -> new TroupeException(
                        "precision \"" + name + "\" is unknown; there is " + String.join(", ", names())));
    }

    /** All names. */
    public static List<String> names() {
        return Arrays.stream(values()).map(Precision::configName).toList();
    }
}
