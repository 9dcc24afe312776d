package dev.troupe.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The chat template of a model directory: chat_template.jinja, or an entry of tokenizer_config.json. */
final class DirectoryTemplate {
    static final String FILE_NAME = "chat_template.jinja";
    static final String CONFIG = "tokenizer_config.json";
    static final String KEY = "chat_template";

    private static final String DEFAULT = "default"; // of several by name

    private DirectoryTemplate() {}

    static Optional<String> read(Path directory) {
        Path file = directory.resolve(FILE_NAME);
        Path config = directory.resolve(CONFIG);
        try {
            if (Files.exists(file)) {
                return Optional.of(Files.readString(file));
            }
            if (!Files.exists(config)) {
                return Optional.empty();
            }
            JsonNode given =
                    new JsonMapper().readTree(Files.readAllBytes(config)).path(KEY);
            for (JsonNode named : given) {
                if (named.path("name").asText("").equals(DEFAULT)) {
                    return Optional.of(named.path("template").asText(""));
                }
            }
            return given.isTextual() ? Optional.of(given.textValue()) : Optional.empty();
        } catch (IOException e) {
            throw new TroupeException(
                    "the chat template of " + directory + " cannot be read: " + e.getMessage() + "; correct "
                            + FILE_NAME + " or " + CONFIG,
                    e);
        }
    }
}
