package dev.troupe.deploy.cli;

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
}
