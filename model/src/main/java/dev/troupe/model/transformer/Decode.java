package dev.troupe.model.transformer;

import dev.troupe.model.ConfigNames;
import java.util.List;

/** How the rows of generated tokens are computed: {@code serving.decode}. */
public enum Decode {
    /**
     * {@link #BLOCKS} for models of many weights, {@link #EXACT} for small ones, which are fast enough so, on a device,
     * and where products round their operands themselves: see {@link InferenceSettings#decided}.
     */
    AUTO,
    /** With float32 activations. */
    EXACT,
    /**
     * Each matrix as its type asks for: with weights in blocks that have a scale for each 32 inputs or 16 (Q8_0, Q6_K,
     * Q4_K, Q4_0) as they are, and activations rounded to eight bits, each 32 with a scale, as llama.cpp does it; with
     * all others exact.
     */
    BLOCKS,
    /**
     * As prompts are with {@link Prefill#INT8}, bit for bit: activations in eight bits, weights of four bits as they
     * are, others rounded to eight.
     */
    INT8;

    /** As configurations say it: "exact". */
    public String configName() {
        return ConfigNames.of(this);
    }

    /**
     * The way of this name.
     *
     * @throws dev.troupe.model.TroupeException when there is none; its message lists the names
     */
    public static Decode named(String name) {
        return ConfigNames.find(Decode.class, "decode", name);
    }

    /** All names. */
    public static List<String> names() {
        return ConfigNames.all(Decode.class);
    }
}
