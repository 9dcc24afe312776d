package dev.troupe.model.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values that a filter, a test or a method is called with. An argument has an index, negative when it can only be
 * given by name. Problems are told without a line.
 */
record CallArguments(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
    static final CallArguments NONE = new CallArguments(List.of(), Map.of());

    boolean has(int index, String name) {
        return (index >= 0 && index < positional.size()) || named.containsKey(name);
    }

    @Nullable Object get(int index, String name, @Nullable Object absent) {
        if (index >= 0 && index < positional.size()) {
            return positional.get(index);
        }
        return named.containsKey(name) ? named.get(name) : absent;
    }

    @Nullable Object required(int index, String name) {
        if (!has(index, name)) {
            throw new IllegalArgumentException("the argument '" + name + "' is missing");
        }
        return get(index, name, null);
    }

    String text(int index, String name, String absent) {
        Object value = get(index, name, absent);
        if (value instanceof String s) {
            return s;
        }
        throw new IllegalArgumentException("'" + name + "' must be a string, not " + Values.typeName(value));
    }

    int integer(int index, String name, int absent) {
        Object value = get(index, name, (long) absent);
        if (value instanceof Long n) {
            return Math.toIntExact(n);
        }
        throw new IllegalArgumentException("'" + name + "' must be an integer, not " + Values.typeName(value));
    }
}
