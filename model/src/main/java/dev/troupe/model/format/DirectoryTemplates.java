package dev.troupe.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.TemplateTexts;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * The chat templates of a model directory: chat_template.jinja and others in a directory, else one or several by name
 * in tokenizer_config.json.
 */
final class DirectoryTemplates {
    static final String FILE_NAME = "chat_template.jinja";
    static final String CONFIG = "tokenizer_config.json";

    private static final String OTHERS = "additional_chat_templates";
    private static final String SUFFIX = ".jinja";
    private static final String KEY = "chat_template";
    private static final String NAME = "name";
    private static final String TEMPLATE = "template";

    private DirectoryTemplates() {}

    static TemplateTexts read(Path directory) {
        try {
            Map<String, String> texts = new TreeMap<>();
            Path file = directory.resolve(FILE_NAME);
            if (Files.exists(file)) {
                texts.put(TemplateTexts.DEFAULT, Files.readString(file));
            }
            Path others = directory.resolve(OTHERS);
            if (Files.isDirectory(others)) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(others, "*" + SUFFIX)) {
                    for (Path other : files) {
                        String name = other.getFileName().toString();
                        texts.put(name.substring(0, name.length() - SUFFIX.length()), Files.readString(other));
                    }
                }
            }
            return new TemplateTexts(texts.isEmpty() ? inConfig(directory.resolve(CONFIG)) : texts);
        } catch (IOException e) {
            throw new TroupeException(
                    "the chat template of " + directory + " cannot be read: " + e.getMessage() + "; correct "
                            + FILE_NAME + " or " + CONFIG,
                    e);
        }
    }

    private static Map<String, String> inConfig(Path config) throws IOException {
        Map<String, String> texts = new TreeMap<>();
        if (!Files.exists(config)) {
            return texts;
        }
        JsonNode given = new JsonMapper().readTree(Files.readAllBytes(config)).path(KEY);
        if (given.isTextual()) {
            texts.put(TemplateTexts.DEFAULT, given.textValue());
        }
        for (JsonNode named : given) {
            if (named.path(NAME).isTextual()) {
                texts.putIfAbsent(
                        named.path(NAME).textValue(), named.path(TEMPLATE).asText(""));
            }
        }
        return texts;
    }

    /** Puts them where {@link #read} finds them; a default alone as readers of all ages know it. */
    static void put(ObjectNode config, TemplateTexts templates) {
        Map<String, String> texts = templates.byName();
        String main = texts.get(TemplateTexts.DEFAULT);
        if (texts.size() == 1 && main != null) {
            config.put(KEY, main);
        } else if (!texts.isEmpty()) {
            ArrayNode all = config.putArray(KEY);
            texts.forEach((name, text) -> all.addObject().put(NAME, name).put(TEMPLATE, text));
        }
    }
}
