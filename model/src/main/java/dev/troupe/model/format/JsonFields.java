package dev.troupe.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.TroupeException;
import java.util.Optional;

/** Typed reading of a JSON object, with errors that name the file and the key. A key that is null counts as absent. */
final class JsonFields {
    private static final int SHOWN = 80;

    private final String file;
    private final String prefix;
    private final JsonNode object;

    JsonFields(String file, JsonNode object) {
        this(file, "", object);
    }

    private JsonFields(String file, String prefix, JsonNode object) {
        this.file = file;
        this.prefix = prefix;
        this.object = object;
    }

    /** The fields of a nested object; none when it is absent. */
    JsonFields nested(String key) {
        JsonNode value = object.path(key);
        if (!value.isObject() && !value.isMissingNode() && !value.isNull()) {
            throw wrong(key, value, "an object");
        }
        return new JsonFields(file, prefix + key + ".", value);
    }

    private Optional<JsonNode> value(String key) {
        JsonNode value = object.path(key);
        return value.isMissingNode() || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    /** Whether this is a nested object that is not there. */
    boolean isAbsent() {
        return !object.isObject();
    }

    boolean has(String key) {
        return value(key).isPresent();
    }

    int positive(String key) {
        return upTo(Integer.MAX_VALUE, key);
    }

    int positive(String key, int absent) {
        return upTo(Integer.MAX_VALUE, key, absent);
    }

    /** A whole number from 1 to {@code most}. */
    int upTo(int most, String key) {
        return value(key).map(value -> upTo(most, key, value)).orElseThrow(() -> missing(key));
    }

    int upTo(int most, String key, int absent) {
        return value(key).map(value -> upTo(most, key, value)).orElse(absent);
    }

    private int upTo(int most, String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() <= 0 || value.intValue() > most) {
            throw wrong(key, value, "a whole number from 1 to " + most);
        }
        return value.intValue();
    }

    double number(String key, double absent) {
        return value(key)
                .map(value -> {
                    if (!value.isNumber() || !Double.isFinite(value.doubleValue()) || value.doubleValue() < 0) {
                        throw wrong(key, value, "a number from 0 on");
                    }
                    return value.doubleValue();
                })
                .orElse(absent);
    }

    boolean flag(String key, boolean absent) {
        return value(key)
                .map(value -> {
                    if (!value.isBoolean()) {
                        throw wrong(key, value, "true or false");
                    }
                    return value.booleanValue();
                })
                .orElse(absent);
    }

    String text(String key, String absent) {
        return value(key)
                .map(value -> {
                    if (!value.isTextual()) {
                        throw wrong(key, value, "a string");
                    }
                    return value.textValue();
                })
                .orElse(absent);
    }

    /** Refuses what the model would silently compute otherwise. */
    void require(boolean holds, String key, String supported) {
        if (!holds) {
            throw new TroupeException(file + ": " + prefix + key + " is " + shown(object.path(key)) + ", but only "
                    + supported + " is supported");
        }
    }

    private TroupeException missing(String key) {
        return new TroupeException(file + ": " + prefix + key + " is missing");
    }

    private TroupeException wrong(String key, JsonNode value, String expected) {
        return new TroupeException(file + ": " + prefix + key + " must be " + expected + ", but it is " + shown(value));
    }

    /** A value in a message: it may be long. */
    static String shown(JsonNode value) {
        return shown(value.toString());
    }

    static String shown(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }
}
