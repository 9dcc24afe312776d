package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.util.Locale;

/** In which order windows of the token stream become batches. */
public enum BatchOrder {
    /** Every window once an epoch, in an order that the seed and the epoch decide. */
    SHUFFLED,
    /** Windows that begin anywhere, drawn evenly with replacement: nanoGPT's rule. There are no epochs. */
    RANDOM,
    /** From the first token to the last, once: for evaluation. Rows after the end have only ignored targets. */
    SEQUENTIAL;

    /** The order that a configuration names: "shuffled", "random" or "sequential". */
    public static BatchOrder named(String name) {
        for (BatchOrder order : values()) {
            if (order.configName().equals(name)) {
                return order;
            }
        }
        throw new TroupeException("unknown data order '" + name + "': use shuffled, random or sequential");
    }

    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
