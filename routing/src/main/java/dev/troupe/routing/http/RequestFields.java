package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The fields of a JSON object, read strictly: the wrong type is an error that names the field, and so is a field that
 * nobody asked for. A null value counts as absent, as in OpenAI's API.
 */
final class RequestFields {
    private final ObjectNode object;
    /** Where the object is, such as "messages[1]."; empty at the top. */
    private final String path;

    private final Set<String> known = new HashSet<>();

    private RequestFields(ObjectNode object, String path) {
        this.object = object;
        this.path = path;
    }

    /** The fields of a request's body. */
    static RequestFields ofBody(JsonNode body) {
        if (body instanceof ObjectNode object) {
            return new RequestFields(object, "");
        }
        throw ApiProblem.invalid("The body must be a JSON object, not " + name(body) + ".", null, "invalid_type");
    }

    /** The fields of an object at {@code path}. */
    static RequestFields of(JsonNode node, String path) {
        if (node instanceof ObjectNode object) {
            return new RequestFields(object, path + ".");
        }
        throw wrongType(path, "an object", node);
    }

    /** The value of a field, of whatever type, when there is one. */
    Optional<JsonNode> any(String field) {
        known.add(field);
        return Optional.ofNullable(object.get(field)).filter(node -> !node.isNull());
    }

    JsonNode required(String field) {
        return any(field)
                .orElseThrow(() -> ApiProblem.invalid(
                        "Missing required parameter: '" + path + field + "'.",
                        path + field,
                        "missing_required_parameter"));
    }

    /** The fields of the object that a field must have. */
    RequestFields inner(String field) {
        return of(required(field), path(field));
    }

    /** The elements of a field that is an array, if it is there; else none. */
    JsonNode array(String field) {
        return any(field).map(node -> array(node, path(field))).orElseGet(() -> object.arrayNode());
    }

    static JsonNode array(JsonNode node, String path) {
        if (!node.isArray()) {
            throw wrongType(path, "an array", node);
        }
        return node;
    }

    /** Where a field is, such as "messages[1].role". */
    String path(String field) {
        return path + field;
    }

    String requiredString(String field) {
        return text(required(field), path + field);
    }

    Optional<String> string(String field) {
        return any(field).map(node -> text(node, path + field));
    }

    static String text(JsonNode node, String path) {
        if (!node.isTextual()) {
            throw wrongType(path, "a string", node);
        }
        var text = node.textValue();
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            if (Character.getType(text.codePointAt(i)) == Character.SURROGATE) {
                throw ApiProblem.invalid(
                        "'" + path + "' is no Unicode text: the escape \\u"
                                + Integer.toHexString(text.charAt(i)) + " at character " + i
                                + " is half of a surrogate pair.",
                        path,
                        "invalid_value");
            }
        }
        return text;
    }

    double number(String field, double absent) {
        return number(field).orElse(absent);
    }

    OptionalDouble number(String field) {
        var node = any(field);
        return node.isPresent() ? OptionalDouble.of(number(node.get(), path + field)) : OptionalDouble.empty();
    }

    static double number(JsonNode node, String path) {
        if (!node.isNumber()) {
            throw wrongType(path, "a number", node);
        }
        return node.doubleValue();
    }

    OptionalInt integer(String field) {
        var node = any(field);
        return node.isPresent() ? OptionalInt.of(integer(node.get(), path + field)) : OptionalInt.empty();
    }

    static int integer(JsonNode node, String path) {
        if (!node.isIntegralNumber()) {
            throw wrongType(path, "an integer", node);
        }
        if (!node.canConvertToInt()) {
            throw ApiProblem.invalid("'" + path + "' is out of range: " + node + ".", path, "invalid_value");
        }
        return node.intValue();
    }

    OptionalLong longInteger(String field) {
        var node = any(field);
        if (node.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!node.get().isIntegralNumber() || !node.get().canConvertToLong()) {
            throw wrongType(path + field, "an integer of 64 bits", node.get());
        }
        return OptionalLong.of(node.get().longValue());
    }

    boolean bool(String field, boolean absent) {
        return any(field)
                .map(node -> {
                    if (!node.isBoolean()) {
                        throw wrongType(path + field, "true or false", node);
                    }
                    return node.booleanValue();
                })
                .orElse(absent);
    }

    /** Fields that change nothing about an answer here and may be there. */
    void ignore(String... fields) {
        Collections.addAll(known, fields);
    }

    /** A field that asks for something we cannot do yet, unless it has a value that asks for nothing. */
    void unsupported(String field, String... harmless) {
        var value = any(field);
        if (value.isEmpty() || (value.get().isContainerNode() && value.get().isEmpty())) {
            return;
        }
        var text =
                value.get().isValueNode() ? value.get().asText() : value.get().toString();
        if (!Set.of(harmless).contains(text)) {
            throw ApiProblem.invalid(
                    "'" + path + field + "' is not supported here. Leave it out.",
                    path + field,
                    "unsupported_parameter");
        }
    }

    /** A field that has another in its place since. */
    void replaced(String field, String by) {
        if (any(field).isPresent()) {
            throw ApiProblem.invalid(
                    "'" + path + field + "' is not supported here. Use '" + by + "', which took its place.",
                    path + field,
                    "unsupported_parameter");
        }
    }

    /** Refuses fields that nothing above has asked for. */
    void rejectUnknown() {
        for (var entry : object.properties()) {
            if (!known.contains(entry.getKey())) {
                throw ApiProblem.invalid(
                        "Unrecognized request argument supplied: '" + path + entry.getKey() + "'.",
                        path + entry.getKey(),
                        "unknown_parameter");
            }
        }
    }

    static ApiProblem wrongType(String path, String expected, JsonNode node) {
        return ApiProblem.invalid(
                "Invalid type for '" + path + "': expected " + expected + ", but got " + name(node) + " instead.",
                path,
                "invalid_type");
    }

    private static String name(JsonNode node) {
        var type = node.getNodeType().name().toLowerCase(Locale.ROOT);
        return node.getNodeType() == JsonNodeType.ARRAY || node.getNodeType() == JsonNodeType.OBJECT
                ? "an " + type
                : "a " + type;
    }
}
