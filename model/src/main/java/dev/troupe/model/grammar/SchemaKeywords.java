package dev.troupe.model.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
            "discriminator",
            "nullable", // of OpenAPI: null may be said, and need not
            "contentEncoding",
            "contentMediaType");

    /** What others add to schemas begins so. */
    private static final String EXTENSION = "x-";

    /** Keywords that say which values are valid by other schemas or by a list. */
    private static final List<String> DECIDING = List.of("$ref", "anyOf", "oneOf", "allOf", "enum", "const");

    /** Keywords of one type, which they imply when a schema has no "type". */
    private static final Map<String, String> TYPED = new TreeMap<>(Map.ofEntries(
            Map.entry("properties", "object"),
            Map.entry("required", "object"),
            Map.entry("additionalProperties", "object"),
            Map.entry("items", "array"),
            Map.entry("prefixItems", "array"),
            Map.entry("uniqueItems", "array"),
            Map.entry("minItems", "array"),
            Map.entry("maxItems", "array"),
            Map.entry("minimum", "number"),
            Map.entry("maximum", "number"),
            Map.entry("exclusiveMinimum", "number"),
            Map.entry("exclusiveMaximum", "number"),
            Map.entry("multipleOf", "number"),
            Map.entry("minLength", "string"),
            Map.entry("maxLength", "string"),
            Map.entry("pattern", "string"),
            Map.entry("format", "string")));

    /** Values with which a keyword that is not supported says nothing. */
    private static final Map<String, List<String>> HARMLESS = Map.of(
            "minProperties", List.of("0"),
            "patternProperties", List.of("{}"),
            "dependentRequired", List.of("{}"),
            "propertyNames", List.of("{}", "true", "{\"type\":\"string\"}"));

    private SchemaKeywords() {}

    /** @throws SchemaException when a keyword is not supported */
    static void check(Place place) {
        JsonNode schema = place.schema();
        if (!schema.isObject()) {
            throw new SchemaException(place.path(), "must be an object, true or false");
        }
        for (var entry : schema.properties()) {
            if (!isKnown(entry.getKey(), entry.getValue())) {
                throw new SchemaException(
                        place.path(),
                        "has the keyword '" + entry.getKey() + "', which is not supported: leave it out or say it with "
                                + String.join(", ", DECIDING) + ", type, " + String.join(", ", TYPED.keySet()));
            }
        }
    }

    /** Those of "$ref", "anyOf", "oneOf", "allOf", "enum" and "const" that are there. */
    static List<String> deciding(JsonNode schema) {
        return DECIDING.stream().filter(schema::has).toList();
    }

    /** Types and keywords of types, alone. */
    static ObjectNode typedPart(JsonNode schema) {
        ObjectNode part = JsonNodeFactory.instance.objectNode();
        schema.properties().forEach(entry -> {
            if (entry.getKey().equals("type") || TYPED.containsKey(entry.getKey())) {
                part.set(entry.getKey(), entry.getValue());
            }
        });
        return part;
    }

    /** Whether there is nothing to combine. */
    static boolean isSimple(JsonNode schema) {
        List<String> deciding = deciding(schema);
        if (deciding.isEmpty()) {
            return true;
        }
        ObjectNode typed = typedPart(schema);
        return deciding.size() == 1
                && switch (deciding.getFirst()) {
                    case "$ref", "allOf" -> false;
                    case "enum", "const" -> typed.without("type").isEmpty();
                    default -> typed.isEmpty();
                };
    }

    private static boolean isKnown(String keyword, JsonNode value) {
        return keyword.equals("type")
                || ANNOTATIONS.contains(keyword)
                || keyword.startsWith(EXTENSION)
                || TYPED.containsKey(keyword)
                || DECIDING.contains(keyword)
                || HARMLESS.getOrDefault(keyword, List.of()).contains(value.toString());
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
        values.removeIf(value -> !hasOneOf(value, types));
        return values;
    }

    /** Whether a value has one of the types, or there are none. */
    static boolean hasOneOf(JsonNode value, List<String> types) {
        return types.isEmpty() || types.stream().anyMatch(type -> hasType(value, type));
    }

    /** Whether a keyword is one of the value's type. */
    static boolean concerns(String keyword, JsonNode value) {
        String type = TYPED.get(keyword);
        return type != null && hasType(value, type);
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

    /** Texts by which values are equal that JSON schema takes for equal: 1 and 1.0. */
    static Set<String> comparable(List<JsonNode> values) {
        Set<String> texts = new LinkedHashSet<>();
        values.forEach(value -> texts.add(comparable(value)));
        return texts;
    }

    static String comparable(JsonNode value) {
        return value.isNumber() ? value.decimalValue().stripTrailingZeros().toString() : value.toString();
    }

    /** The schemas of "anyOf", "oneOf" or "allOf". */
    static List<Place> branches(Place place, String keyword) {
        JsonNode list = list(place, keyword);
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

    /** Whether an object must have a property that it may not have. */
    static boolean demandsForbidden(Place place) {
        return place.schema().path("additionalProperties").equals(BooleanNode.FALSE)
                && required(place).stream()
                        .anyMatch(name -> !place.schema().path("properties").has(name));
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
