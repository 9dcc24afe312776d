package dev.troupe.model.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code namespace()} gives: the one object of which a template may change attributes. */
record Namespace(Map<String, @Nullable Object> values) {
    Namespace() {
        this(new HashMap<>());
    }
}
