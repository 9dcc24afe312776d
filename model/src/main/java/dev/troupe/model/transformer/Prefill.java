package dev.troupe.model.transformer;

import dev.troupe.model.ConfigNames;
import java.util.List;

/** How the rows of prompts are computed: {@code serving.prefill}. */
public enum Prefill {
    /** As answers are: see {@link Decode}, which says which of these that is. */
    AUTO,
    /** With float32 activations, as generated tokens are, bit for bit. */
    EXACT,
    /** With operands rounded to bf16: faster, and still the same in any batch. */
    BF16,
    /**
     * With operands rounded to eight bits: activations with weights of four bits as they are, each 32 with a scale, and
     * with others rounded to one scale a row on both sides. Faster still, and the same in any batch, for a second copy
     * of the weights where answers are computed otherwise.
     */
    INT8,
    /**
     * As {@link #INT8} with answers computed otherwise, whatever they are: from a copy of the weights in eight bits
     * where these have four, whose products of many rows are bound by arithmetic. Other bits than those of answers.
     */
    INT8_COPY;

    /** As configurations say it: "exact". */
    public String configName() {
        return ConfigNames.of(this);
    }

    /**
     * The way of this name.
     *
     * @throws dev.troupe.model.TroupeException when there is none; its message lists the names
     */
    public static Prefill named(String name) {
        return ConfigNames.find(Prefill.class, "prefill", name);
    }

    /** All names. */
    public static List<String> names() {
        return ConfigNames.all(Prefill.class);
    }
}
