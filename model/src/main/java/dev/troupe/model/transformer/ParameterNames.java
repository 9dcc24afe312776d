package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import java.util.List;

/**
 * The names that Hugging Face's files give to the parts of a model, without ".weight" or ".bias".
 *
 * @param embedding the token table
 * @param positions the table of learned positions
 * @param head the output matrix, where it is not tied to the embedding
 */
record ParameterNames(String embedding, String positions, String finalNorm, String head, BlockNaming blocks) {
    /** Names of the parts of layer {@code i}. */
    @FunctionalInterface
    interface BlockNaming {
        Block layer(int i);
    }

    /**
     * One layer's names. Parts that one matrix product computes together are lists, and lie next to each other in
     * memory.
     *
     * @param qkv three parts, or one that is stored fused
     * @param up gate and up for SwiGLU (or one fused part), else one part
     */
    record Block(
            String attentionNorm,
            List<String> qkv,
            String attentionOut,
            String mlpNorm,
            List<String> up,
            String down) {}

    static ParameterNames of(ModelConfig config) {
        return switch (config.architecture()) {
            case "llama", "qwen2" -> llama(config.mlp());
            case "gpt2" -> gpt2();
            default ->
                throw new IllegalArgumentException("model.architecture '" + config.architecture()
                        + "' is not known; use 'llama', 'qwen2' or 'gpt2'");
        };
    }

    private static ParameterNames llama(MlpKind mlp) {
        return new ParameterNames(
                "model.embed_tokens", "model.embed_positions", "model.norm", "lm_head", i -> llamaBlock(mlp, i));
    }

    private static Block llamaBlock(MlpKind mlp, int i) {
        String p = "model.layers." + i + ".";
        return new Block(
                p + "input_layernorm",
                List.of(p + "self_attn.q_proj", p + "self_attn.k_proj", p + "self_attn.v_proj"),
                p + "self_attn.o_proj",
                p + "post_attention_layernorm",
                switch (mlp) {
                    case SWIGLU -> List.of(p + "mlp.gate_proj", p + "mlp.up_proj");
                    case GELU -> List.of(p + "mlp.up_proj");
                },
                p + "mlp.down_proj");
    }

    private static ParameterNames gpt2() {
        return new ParameterNames("wte", "wpe", "ln_f", "lm_head", ParameterNames::gpt2Block);
    }

    private static Block gpt2Block(int i) {
        String p = "h." + i + ".";
        return new Block(
                p + "ln_1",
                List.of(p + "attn.c_attn"),
                p + "attn.c_proj",
                p + "ln_2",
                List.of(p + "mlp.c_fc"),
                p + "mlp.c_proj");
    }
}
