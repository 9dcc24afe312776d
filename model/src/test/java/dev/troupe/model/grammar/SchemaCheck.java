package dev.troupe.model.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/** Whether a value is valid by a schema: written from the standard's words, apart from the compiler. */
final class SchemaCheck {
    private final JsonNode root;

    SchemaCheck(JsonNode root) {
        this.root = root;
    }

    boolean isValid(JsonNode value) {
        return isValid(value, root);
    }

    private boolean isValid(JsonNode value, JsonNode schema) {
        if (schema.isBoolean()) {
            return schema.booleanValue();
        }
        if (schema.has("$ref")
                && !isValid(value, root.at(schema.get("$ref").textValue().substring(1)))) {
            return false;
        }
        if (schema.has("const") && !schema.get("const").equals(value)) {
            return false;
        }
        if (schema.has("enum") && !contains(schema.get("enum"), value)) {
            return false;
        }
        for (JsonNode part : schema.path("allOf")) {
            if (!isValid(value, part)) {
                return false;
            }
        }
        if (schema.has("anyOf") && numValid(value, schema.get("anyOf")) < 1) {
            return false;
        }
        if (schema.has("oneOf") && numValid(value, schema.get("oneOf")) != 1) {
            return false;
        }
        return hasType(value, schema.path("type"))
                && switch (value.getNodeType()) {
                    case OBJECT -> isValidObject(value, schema);
                    case ARRAY -> isValidArray(value, schema);
                    case NUMBER -> isValidNumber(value, schema);
                    case STRING -> isValidString(value.textValue(), schema);
                    default -> true;
                };
    }

    private static boolean contains(JsonNode list, JsonNode value) {
        for (JsonNode item : list) {
            if (item.equals(value)) {
                return true;
            }
        }
        return false;
    }

    private int numValid(JsonNode value, JsonNode branches) {
        int count = 0;
        for (JsonNode branch : branches) {
            count += isValid(value, branch) ? 1 : 0;
        }
        return count;
    }

    private static boolean hasType(JsonNode value, JsonNode type) {
        if (type.isArray()) {
            for (JsonNode one : type) {
                if (hasType(value, one)) {
                    return true;
                }
            }
            return false;
        }
        return switch (type.asText("")) {
            case "" -> true;
            case "number" -> value.isNumber();
            case "integer" -> value.isIntegralNumber();
            case String name -> value.getNodeType().name().equalsIgnoreCase(name);
        };
    }

    private boolean isValidObject(JsonNode value, JsonNode schema) {
        for (JsonNode name : schema.path("required")) {
            if (!value.has(name.textValue())) {
                return false;
            }
        }
        Set<String> known = new HashSet<>();
        schema.path("properties").fieldNames().forEachRemaining(known::add);
        for (var entry : value.properties()) {
            JsonNode other = schema.path("additionalProperties");
            JsonNode own =
                    known.contains(entry.getKey()) ? schema.path("properties").get(entry.getKey()) : other;
            if (!own.isMissingNode() && !isValid(entry.getValue(), own)) {
                return false;
            }
        }
        return true;
    }

    private boolean isValidArray(JsonNode value, JsonNode schema) {
        int size = value.size();
        if (size < schema.path("minItems").asInt(0)
                || size > schema.path("maxItems").asInt(Integer.MAX_VALUE)) {
            return false;
        }
        Set<JsonNode> distinct = new HashSet<>();
        value.forEach(distinct::add);
        if (schema.path("uniqueItems").asBoolean(false) && distinct.size() < size) {
            return false;
        }
        for (int i = 0; i < size; i++) {
            JsonNode item = schema.path("prefixItems").path(i);
            JsonNode own = item.isMissingNode() ? schema.path("items") : item;
            if (!own.isMissingNode() && !isValid(value.get(i), own)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isValidNumber(JsonNode value, JsonNode schema) {
        if (schema.has("multipleOf")
                && value.decimalValue()
                                .remainder(schema.get("multipleOf").decimalValue())
                                .signum()
                        != 0) {
            return false;
        }
        BigDecimal number = value.decimalValue();
        return compare(number, schema, "minimum", 0) >= 0
                && compare(number, schema, "exclusiveMinimum", 1) > 0
                && compare(number, schema, "maximum", 0) <= 0
                && compare(number, schema, "exclusiveMaximum", -1) < 0;
    }

    private static int compare(BigDecimal number, JsonNode schema, String limit, int absent) {
        return schema.has(limit) ? number.compareTo(schema.get(limit).decimalValue()) : absent;
    }

    private static boolean isValidString(String text, JsonNode schema) {
        int length = text.codePointCount(0, text.length());
        return length >= schema.path("minLength").asInt(0)
                && length <= schema.path("maxLength").asInt(Integer.MAX_VALUE)
                && (!schema.has("pattern")
                        || Pattern.compile(schema.get("pattern").textValue())
                                .matcher(text)
                                .find());
    }
}
