package dev.troupe.model.format;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tokenizer.Tokenizer;

/** What lies beside tokenizer.json in a model directory. */
final class TokenizerFiles {
    private static final JsonMapper JSON = new JsonMapper();

    private TokenizerFiles() {}

    /** The tokenizer_config.json that transformers' AutoTokenizer needs. */
    static String tokenizerConfig(ModelConfig config, Tokenizer tokenizer, TemplateTexts templates) {
        ObjectNode root = JSON.createObjectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        root.put("model_max_length", config.contextLength());
        root.put("clean_up_tokenization_spaces", false);
        tokenizer.beginOfText().flatMap(tokenizer::specialSpelling).ifPresent(spelling -> {
            root.put("bos_token", spelling);
            root.put("add_bos_token", true);
        });
        tokenizer.specialSpelling(tokenizer.endOfText()).ifPresent(spelling -> root.put("eos_token", spelling));
        DirectoryTemplates.put(root, templates);
        return root.toPrettyString() + "\n";
    }
}
