package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Names of tensors in GGUF files for those of parameters in memory, and the order of rows.
 *
 * <p>Llama's queries and keys are stored with the rows of each head reordered: row 2i + j holds what is row j·D/2 + i
 * in memory and in Hugging Face's files, because llama.cpp turns neighbours where the others turn halves. Files of
 * qwen2 are not reordered.
 */
final class GgufNames {
    private static final Map<String, String> PARTS = Map.ofEntries(
            Map.entry("model.embed_tokens", "token_embd"),
            Map.entry("model.norm", "output_norm"),
            Map.entry("lm_head", "output"),
            Map.entry("input_layernorm", "attn_norm"),
            Map.entry("self_attn.q_proj", "attn_q"),
            Map.entry("self_attn.k_proj", "attn_k"),
            Map.entry("self_attn.v_proj", "attn_v"),
            Map.entry("self_attn.o_proj", "attn_output"),
            Map.entry("post_attention_layernorm", "ffn_norm"),
            Map.entry("mlp.gate_proj", "ffn_gate"),
            Map.entry("mlp.up_proj", "ffn_up"),
            Map.entry("mlp.down_proj", "ffn_down"),
            Map.entry("wte", "token_embd"),
            Map.entry("wpe", "position_embd"),
            Map.entry("ln_f", "output_norm"),
            Map.entry("ln_1", "attn_norm"),
            Map.entry("attn.c_attn", "attn_qkv"),
            Map.entry("attn.c_proj", "attn_output"),
            Map.entry("ln_2", "ffn_norm"),
            Map.entry("mlp.c_fc", "ffn_up"),
            Map.entry("mlp.c_proj", "ffn_down"));

    private GgufNames() {}

    /** The names of all parameters of a model, by those in memory, in their order. */
    static Map<String, String> of(ModelConfig config) {
        Map<String, String> names = new LinkedHashMap<>();
        for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
            names.put(spec.name(), inFile(spec.name()));
        }
        return names;
    }

    private static String inFile(String inMemory) {
        int end = inMemory.lastIndexOf('.'); // ".weight" or ".bias"
        String part = inMemory.substring(0, end);
        String prefix = "";
        String[] steps = part.split("\\.", -1);
        int number = steps[0].equals("h") ? 1 : 2; // h.0.attn.c_attn, model.layers.0.mlp.up_proj
        boolean inBlock = steps[0].equals("h") || (steps.length > 2 && steps[1].equals("layers"));
        if (inBlock) {
            prefix = "blk." + steps[number] + ".";
            part = String.join(".", Arrays.copyOfRange(steps, number + 1, steps.length));
        }
        String name = PARTS.get(part);
        if (name == null) {
            throw new IllegalArgumentException("parameter " + inMemory + " has no name in GGUF");
        }
        return prefix + name + inMemory.substring(end);
    }

    /** Heads whose rows are reordered in the file; 0 for none. */
    static int reorderedHeads(ModelConfig config, String inMemory) {
        if (!config.architecture().equals("llama")) {
            return 0;
        }
        return inMemory.contains(".self_attn.q_proj.")
                ? config.numHeads()
                : inMemory.contains(".self_attn.k_proj.") ? config.numKvHeads() : 0;
    }

    /** The row of the file that holds row {@code row} in memory. */
    static int rowInFile(int row, int headDim) {
        int head = row / headDim;
        int within = row % headDim;
        int half = headDim / 2;
        return head * headDim + 2 * (within % half) + within / half;
    }

    /** The row in memory that row {@code row} of the file holds. */
    static int rowInMemory(int row, int headDim) {
        int head = row / headDim;
        int within = row % headDim;
        return head * headDim + within % 2 * (headDim / 2) + within / 2;
    }
}
