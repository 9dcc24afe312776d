package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How the rows of generated tokens are computed: {@code serving.decode}. */
public enum Decode {
    /** With float32 activations. */
    EXACT,
    /**
     * As prompts are with {@link Prefill#INT8}, bit for bit: activations in eight bits, weights of four bits as they
     * are, others rounded to eight.
     */
    INT8;

    /** As configurations say it: "exact". */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The way of this name.
     *
     * @throws TroupeException when there is none; its message lists the names
     */
    public static Decode named(String name) {
        if (!names().contains(name)) {
            throw new TroupeException("decode \"" + name + "\" is unknown; there is " + String.join(", ", names()));
        }
        return values()[names().indexOf(name)];
    }

    /** All names. */
    public static List<String> names() {
        return Arrays.stream(values()).map(Decode::configName).toList();
    }
}
