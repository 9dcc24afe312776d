package dev.troupe.model.grammar;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;

/** Random schemas of everything that the compiler knows. */
final class RandomSchema {
    private static final List<String> NAMES = List.of("a", "ab", "name", "na", "größe", "x\"y", "日本", "a b", "");
    private static final List<String> PATTERNS =
            List.of("^[a-z]{1,3}$", "ab|^c+d?$", "\\d+-\\w", "^(x|yz)*é$", "^[^\\x00-\\x1f]{0,4}$", "\"q\"", "^.\\n$");

    private final Random random;

    RandomSchema(Random random) {
        this.random = random;
    }

    ObjectNode next() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        if (random.nextInt(3) == 0) {
            ObjectNode tree = root.putObject("$defs").putObject("tree").put("type", "object");
            ObjectNode properties = tree.putObject("properties");
            properties.set("v", schema(3));
            properties.putObject("next").put("$ref", "#/$defs/tree");
            properties.putObject("all").put("type", "array").putObject("items").put("$ref", "#/$defs/tree");
            tree.putArray("required").add("v");
            return random.nextBoolean() ? root.put("$ref", "#/$defs/tree") : any(root);
        }
        return schema(0);
    }

    private ObjectNode any(ObjectNode root) {
        ArrayNode branches = root.putArray("anyOf");
        branches.addObject().put("$ref", "#/$defs/tree");
        branches.add(schema(2));
        branches.addObject().put("type", "array").putObject("items").put("$ref", "#/$defs/tree");
        return root;
    }

    private ObjectNode schema(int depth) {
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        int kind = random.nextInt(depth >= 3 ? 8 : 15);
        switch (kind) {
            case 0 -> string(schema);
            case 1 -> limited(schema.put("type", "number"));
            case 2 -> limited(schema.put("type", "integer"));
            case 3 -> schema.putArray("type").add("boolean").add("null").add("string");
            case 4 -> {
                ArrayNode values =
                        schema.putArray("enum").add(1).add("1").addNull().add(1.5);
                values.add(name()).add(true);
                values.addObject().put("k", 1).putArray("l").add("z");
            }
            case 5 -> schema.put("const", name());
            case 6 -> schema.put("title", "anything");
            case 7 -> {
                schema.put("type", "array").put("uniqueItems", true).put("minItems", random.nextInt(3));
                schema.putObject("items").putArray("enum").add(1).add("b").addNull();
            }
            case 8, 9 -> object(schema, depth);
            case 10 -> array(schema, depth);
            case 11 -> allOf(schema, depth);
            case 12 -> {
                object(schema, depth); // and one of these besides
                ArrayNode branches = schema.putArray("anyOf");
                branches.addObject().putObject("properties").putObject("extra").put("minLength", 2);
                branches.addObject().putArray("required").add("more");
            }
            case 13 -> {
                ArrayNode branches = schema.putArray("anyOf");
                for (int i = 0; i < 1 + random.nextInt(3); i++) {
                    branches.add(schema(depth + 1));
                }
            }
            default -> oneOf(schema, depth);
        }
        return schema;
    }

    private void limited(ObjectNode schema) {
        int least = random.nextInt(3000) - 1500;
        switch (random.nextInt(6)) {
            case 5 -> {
                BigDecimal low = BigDecimal.valueOf(least, random.nextInt(4));
                BigDecimal high = low.add(BigDecimal.valueOf(2 + random.nextInt(300)));
                schema.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", low);
                schema.put(random.nextBoolean() ? "maximum" : "exclusiveMaximum", high);
            }
            case 0 -> schema.put("minimum", least);
            case 1 -> schema.put("exclusiveMaximum", least);
            case 2 -> schema.put("minimum", least).put("maximum", least + random.nextInt(300));
            case 3 ->
                schema.put(
                        "multipleOf",
                        new BigDecimal(List.of("3", "0.25", "2.5", "11", "0.01").get(random.nextInt(5))));
            default -> {}
        }
    }

    /** Two objects without properties in common, or numbers. */
    private void allOf(ObjectNode schema, int depth) {
        ArrayNode parts = schema.putArray("allOf");
        if (random.nextBoolean()) {
            limited(parts.addObject().put("type", "number"));
            parts.addObject().put("multipleOf", random.nextInt(12) + 1);
            parts.add(true);
            return;
        }
        for (String half : List.of("left", "right")) {
            ObjectNode part = parts.addObject().put("type", "object");
            part.putObject("properties").set(half, schema(depth + 1));
            part.putArray("required").add(half);
        }
    }

    private void oneOf(ObjectNode schema, int depth) {
        ArrayNode branches = schema.putArray("oneOf");
        for (String mark : List.of("p", "q")) {
            ObjectNode branch = branches.addObject().put("type", "object");
            branch.putObject("properties").putObject("kind").put("const", mark);
            ((ObjectNode) branch.get("properties")).set("value", schema(depth + 1));
            branch.putArray("required").add("kind");
            branch.put("additionalProperties", false);
        }
        branches.addObject().put("type", "integer");
    }

    private void string(ObjectNode schema) {
        schema.put("type", "string");
        switch (random.nextInt(4)) {
            case 0 -> schema.put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())));
            case 1 -> {
                int min = random.nextInt(4);
                schema.put("minLength", min).put("maxLength", min + random.nextInt(9));
            }
            case 2 -> schema.put("minLength", random.nextInt(3));
            default -> {}
        }
    }

    private void object(ObjectNode schema, int depth) {
        schema.put("type", "object");
        if (random.nextInt(5) == 0) {
            return;
        }
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        for (int i = 0; i < random.nextInt(5); i++) {
            String name = name();
            properties.set(name, schema(depth + 1));
            if (random.nextBoolean()) {
                required.add(name);
            }
        }
        switch (random.nextInt(4)) {
            case 0 -> schema.put("additionalProperties", false);
            case 1 -> schema.put("additionalProperties", true);
            case 2 -> schema.set("additionalProperties", schema(depth + 1));
            default -> required.add("unmentioned");
        }
    }

    private void array(ObjectNode schema, int depth) {
        schema.put("type", "array").set("items", schema(depth + 1));
        int min = random.nextInt(3);
        switch (random.nextInt(4)) {
            case 0 -> schema.put("minItems", min);
            case 1 -> schema.put("maxItems", min);
            case 2 -> schema.put("minItems", min).put("maxItems", min + random.nextInt(3));
            default -> schema.putArray("prefixItems").add(schema(depth + 1));
        }
    }

    private String name() {
        return NAMES.get(random.nextInt(NAMES.size()));
    }
}
