package dev.troupe.model.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names and their values; what is not here may be outside. */
final class Scope {
    private final @Nullable Scope outside;
    private final Map<String, @Nullable Object> values = new HashMap<>();

    Scope(@Nullable Scope outside) {
        this.outside = outside;
    }

    void set(String name, @Nullable Object value) {
        values.put(name, value);
    }

    @Nullable Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outside) {
            if (scope.values.containsKey(name)) {
                return scope.values.get(name);
            }
        }
        return new Undefined(name);
    }
}
