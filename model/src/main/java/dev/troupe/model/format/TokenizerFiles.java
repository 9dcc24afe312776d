package dev.troupe.model.format;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.Optional;

/** What lies beside tokenizer.json in a model directory. */
final class TokenizerFiles {
    static final String GENERATION_CONFIG = "generation_config.json";

    private static final JsonMapper JSON = new JsonMapper();

    private TokenizerFiles() {}

    /** The tokenizer_config.json that transformers' AutoTokenizer needs. */
    static String tokenizerConfig(ModelConfig config, Tokenizer tokenizer, Optional<String> chatTemplate) {
        ObjectNode root = JSON.createObjectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        root.put("model_max_length", config.contextLength());
        root.put("clean_up_tokenization_spaces", false);
        tokenizer.beginOfText().flatMap(tokenizer::specialSpelling).ifPresent(spelling -> {
            root.put("bos_token", spelling);
            root.put("add_bos_token", true);
        });
        tokenizer.specialSpelling(tokenizer.endOfText()).ifPresent(spelling -> root.put("eos_token", spelling));
        chatTemplate.ifPresent(text -> root.put(DirectoryTemplate.KEY, text));
        return root.toPrettyString() + "\n";
    }

    /** The generation_config.json: what begins a text and what ends an answer. */
    static String generationConfig(Tokenizer tokenizer) {
        ObjectNode root = JSON.createObjectNode();
        tokenizer.beginOfText().ifPresent(id -> root.put("bos_token_id", id));
        ArrayNode ends = JSON.createArrayNode();
        tokenizer.endTokens().forEach(ends::add);
        if (ends.size() == 1) {
            root.set("eos_token_id", ends.get(0));
        } else if (!ends.isEmpty()) {
            root.set("eos_token_id", ends);
        }
        return root.toPrettyString() + "\n";
    }
}
