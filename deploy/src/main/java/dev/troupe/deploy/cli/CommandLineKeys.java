package dev.troupe.deploy.cli;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Options that stand for keys of the configuration. */
final class CommandLineKeys {
    private CommandLineKeys() {}

    /** Sets {@code key} when the option was given. */
    static void put(Map<String, Object> set, String key, @Nullable Object value) {
        if (value != null) {
            set.put(key, value);
        }
    }

    /** Sets the draft model, and that it guesses. */
    static void putDraftModel(Map<String, Object> set, @Nullable Path model) {
        if (model != null) {
            set.put("troupe.serving.speculation", "draft");
            set.put("troupe.serving.draftModel", model.toString());
        }
    }
}
