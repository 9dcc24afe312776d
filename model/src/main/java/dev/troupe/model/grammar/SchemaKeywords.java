package dev.troupe.model.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The keywords of JSON schema that are known, and their values, checked. */
final class SchemaKeywords {
    /** The schema of all values. */
    static final JsonNode ANYTHING = BooleanNode.TRUE;

    private static final List<String> TYPES =
            List.of("object", "array", "string", "number", "integer", "boolean", "null");

    /** Say nothing about which values are valid. */
    private static final Set<String> ANNOTATIONS = Set.of(
            "title",
            "description",
            "default",
            "examples",
            "example",
            "$schema",
            "$id",
            "$comment",
            "$defs",
            "definitions",
            "deprecated",
            "readOnly",
            "writeOnly",
            "discriminator");

    /** Keywords that decide alone: nothing but annotations may stand beside them. */
    private static final List<String> ALONE = List.of("$ref", "anyOf", "oneOf", "allOf", "enum", "const");

    /** Keywords of one type, which they imply when a schema has no "type". */
    private static final Map<String, String> TYPED = new TreeMap<>(Map.ofEntries(
            Map.entry("properties", "object"),
            Map.entry("required", "object"),
            Map.entry("additionalProperties", "object"),
            Map.entry("items", "array"),
            Map.entry("prefixItems", "array"),
            Map.entry("minItems", "array"),
            Map.entry("maxItems", "array"),
            Map.entry("minimum", "number"),
            Map.entry("maximum", "number"),
            Map.entry("exclusiveMinimum", "number"),
            Map.entry("exclusiveMaximum", "number"),
            Map.entry("minLength", "string"),
            Map.entry("maxLength", "string"),
            Map.entry("pattern", "string"),
            Map.entry("format", "string")));

    /** Values with which a keyword that is not supported says nothing. */
    private static final Map<String, String> HARMLESS =
            Map.of("uniqueItems", "false", "minProperties", "0", "patternProperties", "{}", "dependentRequired", "{}");

    private SchemaKeywords() {}

    /** @throws SchemaException when a keyword is not supported, or not beside others that are there */
    static void check(Place place) {
        JsonNode schema = place.schema();
        if (!schema.isObject()) {
            throw new SchemaException(place.path(), "must be an object, true or false");
        }
        String alone = null;
        for (var entry : schema.properties()) {
            String keyword = entry.getKey();
            if (ALONE.contains(keyword)) {
                if (alone != null) {
                    throw new SchemaException(
                            place.path(), "has '" + alone + "' beside '" + keyword + "', which is not supported");
                }
                alone = keyword;
            } else if (!isKnown(keyword, entry.getValue())) {
                throw new SchemaException(
                        place.path(),
                        "has the keyword '" + keyword + "', which is not supported: leave it out or say it with "
                                + String.join(", ", ALONE) + ", type, " + String.join(", ", TYPED.keySet()));
            }
        }
        if (alone != null) {
            checkBeside(place, alone);
        }
    }

    private static boolean isKnown(String keyword, JsonNode value) {
        return keyword.equals("type")
                || ANNOTATIONS.contains(keyword)
                || TYPED.containsKey(keyword)
                || value.toString().equals(HARMLESS.get(keyword));
    }

    private static void checkBeside(Place place, String alone) {
        boolean fixed = alone.equals("enum") || alone.equals("const");
        place.schema().properties().forEach(entry -> {
            String keyword = entry.getKey();
            if (TYPED.containsKey(keyword) || (keyword.equals("type") && !fixed)) {
                throw new SchemaException(
                        place.path(), "has '" + keyword + "' beside '" + alone + "', which is not supported");
            }
        });
    }

    /** The values of "enum" or "const" that have the schema's type. */
    static List<JsonNode> fixedValues(Place place) {
        JsonNode schema = place.schema();
        List<JsonNode> values = new ArrayList<>();
        if (schema.has("const")) {
            values.add(schema.get("const"));
        } else {
            list(place, "enum").forEach(values::add);
        }
        List<String> types = types(place);
        values.removeIf(value -> !types.isEmpty() && types.stream().noneMatch(type -> hasType(value, type)));
        return values;
    }

    private static boolean hasType(JsonNode value, String type) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "number" -> value.isNumber();
            case "integer" ->
                value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
            case "boolean" -> value.isBoolean();
            default -> value.isNull();
        };
    }

    /** The schemas of "anyOf", "oneOf", or the one of "allOf". */
    static List<Place> branches(Place place) {
        String keyword = place.schema().has("anyOf") ? "anyOf" : place.schema().has("oneOf") ? "oneOf" : "allOf";
        JsonNode list = list(place, keyword);
        if (keyword.equals("allOf") && list.size() > 1) {
            throw new SchemaException(
                    place.path() + "/allOf", "has " + list.size() + " schemas; only one is supported: merge them");
        }
        List<Place> branches = new ArrayList<>();
        Place parent = place.child(keyword, list);
        for (JsonNode branch : list) {
            branches.add(parent.child(Integer.toString(branches.size()), branch));
        }
        return branches;
    }

    private static JsonNode list(Place place, String keyword) {
        JsonNode list = place.schema().path(keyword);
        if (!list.isArray() || list.isEmpty()) {
            throw new SchemaException(place.path() + "/" + keyword, "must be a list that is not empty");
        }
        return list;
    }

    /** The types that a schema names or implies; none when it says nothing about types. */
    static List<String> types(Place place) {
        JsonNode given = place.schema().path("type");
        Set<String> types = new LinkedHashSet<>();
        if (given.isTextual()) {
            types.add(given.textValue());
        }
        given.forEach(type -> types.add(type.asText()));
        if (!given.isMissingNode() && types.isEmpty()) {
            throw new SchemaException(place.path() + "/type", "must be a type or a list of types");
        }
        for (String type : types) {
            if (!TYPES.contains(type)) {
                throw new SchemaException(place.path() + "/type", "is '" + type + "'; it must be one of " + TYPES);
            }
        }
        if (types.isEmpty()) {
            place.schema().fieldNames().forEachRemaining(keyword -> {
                String type = TYPED.get(keyword);
                if (type != null) {
                    types.add(type);
                }
            });
        }
        if (types.contains("number")) {
            types.remove("integer");
        }
        return List.copyOf(types);
    }

    /** The names of "required". */
    static List<String> required(Place place) {
        JsonNode list = place.schema().path("required");
        if (!list.isMissingNode() && !list.isArray()) {
            throw new SchemaException(place.path() + "/required", "must be a list of names");
        }
        Set<String> names = new LinkedHashSet<>();
        for (JsonNode name : list) {
            if (!name.isTextual()) {
                throw new SchemaException(place.path() + "/required", "must be a list of names");
            }
            names.add(name.textValue());
        }
        JsonNode properties = place.schema().path("properties");
        if (!properties.isMissingNode() && !properties.isObject()) {
            throw new SchemaException(place.path() + "/properties", "must be an object");
        }
        return List.copyOf(names);
    }

    /** A limit such as "minItems". */
    static int count(Place place, String keyword, int absent) {
        JsonNode value = place.schema().path(keyword);
        if (value.isMissingNode()) {
            return absent;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw new SchemaException(place.path() + "/" + keyword, "must be an integer that is not negative");
        }
        return value.intValue();
    }
}
