package dev.troupe.model.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The safetensors files of a model directory: model.safetensors, or those that model.safetensors.index.json names.
 *
 * @param path for messages: the file, or the index
 */
record WeightFiles(Path path, List<Path> files) {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /** Finds them; that they exist is seen when they are opened. */
    static WeightFiles of(Path directory) {
        Path single = directory.resolve(SINGLE);
        Path index = directory.resolve(INDEX);
        if (Files.exists(single) || !Files.exists(index)) {
            return new WeightFiles(single, List.of(single));
        }
        Set<String> names = new TreeSet<>();
        try {
            JsonNode map = new JsonMapper().readTree(Files.readAllBytes(index)).path("weight_map");
            for (JsonNode file : map) {
                names.add(plainName(index, file));
            }
        } catch (JsonProcessingException e) {
            throw new TroupeException(index + " is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new TroupeException(index + " cannot be read: " + e.getMessage(), e);
        }
        if (names.isEmpty()) {
            throw new TroupeException(index + " names no files: its weight_map is missing or empty");
        }
        return new WeightFiles(index, names.stream().map(directory::resolve).toList());
    }

    /** A file of this directory: an index is no way to open others. */
    private static String plainName(Path index, JsonNode file) {
        String name = file.asText("");
        if (!name.matches("[A-Za-z0-9._-]+\\.safetensors")) {
            throw new TroupeException(
                    index + " names " + JsonFields.shown(file) + ", which is not a safetensors file beside it");
        }
        return name;
    }
}
