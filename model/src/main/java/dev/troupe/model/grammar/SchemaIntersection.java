package dev.troupe.model.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What two schemas allow that have only types and keywords of types, keyword by keyword. */
final class SchemaIntersection {
    private SchemaIntersection() {}

    /**
     * Narrows a schema by another.
     *
     * @param schema is changed
     * @return false when nothing is valid by both
     * @throws SchemaException when two keywords have no intersection that can be written, such as two patterns
     */
    static boolean add(ObjectNode schema, Place other) {
        if (!addTypes(schema, other)) {
            return false;
        }
        addMembers(schema, other);
        addItems(schema, other.schema());
        other.schema().properties().forEach(entry -> {
            String keyword = entry.getKey();
            JsonNode old = schema.path(keyword);
            JsonNode own = entry.getValue();
            switch (keyword) {
                case "type", "properties", "additionalProperties", "items", "prefixItems" -> {}
                case "required" -> schema.set(keyword, union(old, own));
                case "uniqueItems" -> schema.put(keyword, old.asBoolean(false) || own.asBoolean());
                default -> schema.set(keyword, old.isMissingNode() ? own : narrower(other, keyword, old, own));
            }
        });
        return true;
    }

    private static boolean addTypes(ObjectNode schema, Place other) {
        List<String> wanted = SchemaKeywords.types(other);
        List<String> have = SchemaKeywords.types(new Place(schema, other.path()));
        Set<String> both = new LinkedHashSet<>(have.isEmpty() ? wanted : have);
        if (!have.isEmpty() && !wanted.isEmpty()) {
            both.clear();
            for (String type : have) {
                if (wanted.contains(type) || (type.equals("integer") && wanted.contains("number"))) {
                    both.add(type);
                } else if (type.equals("number") && wanted.contains("integer")) {
                    both.add("integer");
                }
            }
            if (both.isEmpty()) {
                return false;
            }
        }
        if (!both.isEmpty()) {
            var types = JsonNodeFactory.instance.arrayNode();
            both.forEach(types::add);
            schema.set("type", types);
        }
        return true;
    }

    /** A property must be valid by what each schema says of it, be it by name or as one of the others. */
    private static void addMembers(ObjectNode schema, Place other) {
        Set<String> names = new LinkedHashSet<>();
        schema.path("properties").fieldNames().forEachRemaining(names::add);
        other.schema().path("properties").fieldNames().forEachRemaining(names::add);
        if (!names.isEmpty()) {
            ObjectNode properties = JsonNodeFactory.instance.objectNode();
            for (String name : names) {
                property(schema, name)
                        .map(mine -> property(other.schema(), name)
                                .map(its -> both(mine, its))
                                .orElse(mine))
                        .or(() -> property(other.schema(), name))
                        .ifPresent(value -> properties.set(name, value));
            }
            schema.set("properties", properties);
        }
        JsonNode mine = schema.path("additionalProperties");
        JsonNode its = other.schema().path("additionalProperties");
        if (!its.isMissingNode()) {
            schema.set("additionalProperties", mine.isMissingNode() ? its : both(mine, its));
        }
    }

    private static Optional<JsonNode> property(JsonNode schema, String name) {
        JsonNode own = schema.path("properties").path(name);
        JsonNode value = own.isMissingNode() ? schema.path("additionalProperties") : own;
        return value.isMissingNode() ? Optional.empty() : Optional.of(value);
    }

    private static void addItems(ObjectNode schema, JsonNode other) {
        int numPrefix = Math.max(
                schema.path("prefixItems").size(), other.path("prefixItems").size());
        List<JsonNode> prefix = new ArrayList<>();
        for (int i = 0; i < numPrefix; i++) {
            prefix.add(both(item(schema, i), item(other, i)));
        }
        JsonNode items = both(item(schema, numPrefix), item(other, numPrefix));
        if (!prefix.isEmpty()) {
            schema.putArray("prefixItems").addAll(prefix);
        }
        if (!items.equals(SchemaKeywords.ANYTHING)) {
            schema.set("items", items);
        }
    }

    private static JsonNode item(JsonNode schema, int index) {
        JsonNode items = schema.path("prefixItems").path(index);
        if (items.isMissingNode()) {
            items = schema.path("items");
        }
        return items.isMissingNode() ? SchemaKeywords.ANYTHING : items;
    }

    private static JsonNode both(JsonNode a, JsonNode b) {
        if (a.equals(b) || b.equals(SchemaKeywords.ANYTHING) || a.equals(BooleanNode.FALSE)) {
            return a;
        }
        if (a.equals(SchemaKeywords.ANYTHING) || b.equals(BooleanNode.FALSE)) {
            return b;
        }
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        all.putArray("allOf").add(a).add(b);
        return all;
    }

    private static JsonNode union(JsonNode a, JsonNode b) {
        Set<JsonNode> all = new LinkedHashSet<>();
        a.forEach(all::add);
        b.forEach(all::add);
        return JsonNodeFactory.instance.arrayNode().addAll(all);
    }

    private static JsonNode narrower(Place other, String keyword, JsonNode a, JsonNode b) {
        if (a.equals(b)) {
            return a;
        }
        if (!a.isNumber() || !b.isNumber()) {
            throw new SchemaException(
                    other.path() + "/allOf",
                    "has '" + keyword + "' twice, as " + a + " and " + b + ", which is not supported: merge them");
        }
        BigDecimal x = a.decimalValue();
        BigDecimal y = b.decimalValue();
        return switch (keyword) {
            case "minimum", "exclusiveMinimum", "minLength", "minItems" -> x.compareTo(y) >= 0 ? a : b;
            case "multipleOf" -> JsonNodeFactory.instance.numberNode(commonMultiple(x, y));
            default -> x.compareTo(y) <= 0 ? a : b;
        };
    }

    private static BigDecimal commonMultiple(BigDecimal a, BigDecimal b) {
        int scale = Math.max(0, Math.max(a.scale(), b.scale()));
        BigInteger x = a.setScale(scale).unscaledValue();
        BigInteger y = b.setScale(scale).unscaledValue();
        BigInteger divisor = x.gcd(y).max(BigInteger.ONE);
        return new BigDecimal(x.divide(divisor).multiply(y), scale);
    }
}
