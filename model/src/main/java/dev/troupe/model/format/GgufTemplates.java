package dev.troupe.model.format;

import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.gguf.GgufMetadata;
import dev.troupe.model.gguf.MetadataValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The chat templates of a GGUF file: the default under a key of its own, others behind it by name. */
final class GgufTemplates {
    static final String KEY = "tokenizer.chat_template";

    private static final String NAMED = KEY + ".";
    private static final String NAMES = "tokenizer.chat_templates"; // of the others

    private GgufTemplates() {}

    static TemplateTexts read(GgufMetadata metadata) {
        Map<String, String> texts = new TreeMap<>();
        metadata.text(KEY).ifPresent(text -> texts.put(TemplateTexts.DEFAULT, text));
        for (String key : metadata.entries().keySet()) {
            if (key.startsWith(NAMED)) {
                metadata.text(key).ifPresent(text -> texts.putIfAbsent(key.substring(NAMED.length()), text));
            }
        }
        return new TemplateTexts(texts);
    }

    static Map<String, MetadataValue> toMetadata(TemplateTexts templates) {
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        templates
                .byName()
                .forEach((name, text) -> metadata.put(
                        name.equals(TemplateTexts.DEFAULT) ? KEY : NAMED + name, MetadataValue.text(text)));
        List<String> others = templates.byName().keySet().stream()
                .filter(name -> !name.equals(TemplateTexts.DEFAULT))
                .toList();
        if (!others.isEmpty()) {
            metadata.put(NAMES, MetadataValue.texts(others));
        }
        return metadata;
    }
}
