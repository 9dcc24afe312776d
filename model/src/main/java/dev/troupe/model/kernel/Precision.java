package dev.troupe.model.kernel;

import dev.troupe.model.ConfigNames;
import java.util.List;

/**
 * What matrix products round their operands to. Sums, results and all other operations are float32, and so are weights,
 * gradients, the residual stream and attention; activations that only products read are kept as rounded.
 */
public enum Precision {
    FP32,
    BF16,
    FP16;

    /** As configurations say it: "fp32". */
    public String configName() {
        return ConfigNames.of(this);
    }

    /** All names. */
    public static List<String> names() {
        return ConfigNames.all(Precision.class);
    }

    /**
     * The precision of this name.
     *
     * @throws dev.troupe.model.TroupeException when there is none; its message lists the names
     */
    public static Precision named(String name) {
        return ConfigNames.find(Precision.class, "precision", name);
    }
}
