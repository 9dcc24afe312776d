package dev.troupe.model.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A {@link TrainingState} in training.json: its fields by name; numbers in full, so that a resume is exact. */
final class TrainingStateJson {
    static final String FILE_NAME = "training.json";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .build();

    private TrainingStateJson() {}

    static String toJson(TrainingState state) {
        try {
            return JSON.writeValueAsString(state) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of numbers and strings has a JSON form", e);
        }
    }

    static TrainingState read(Path file) {
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** {@code fileName} is for messages. */
    static TrainingState parse(String fileName, String json) {
        try {
            return JSON.readValue(json, TrainingState.class);
        } catch (JsonProcessingException e) {
            throw new TroupeException(fileName + " is damaged: " + e.getOriginalMessage(), e);
        }
    }
}
