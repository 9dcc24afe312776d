package dev.troupe.model.grammar;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes rules of a JSON schema (draft 2020-12, the part in {@link SchemaKeywords}). Every text that they take is valid
 * by the schema; of valid texts they take those with properties in the schema's order, names and fixed values in one
 * spelling, no properties that the schema does not mention unless it says {@code additionalProperties}, and white space
 * and digits within the limits of {@link JsonRules}.
 */
final class SchemaCompiler {
    /** Longer schemas are refused. */
    static final int MAX_LENGTH = 64 * 1024;

    /** Most values of items that must not repeat: there is a state for each set of them. */
    private static final int MAX_DISTINCT = 8;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    /** A schema within the document. */
    record Place(JsonNode schema, String path) {
        Place child(String key, JsonNode child) {
            return new Place(child, path + "/" + key.replace("~", "~0").replace("/", "~1"));
        }
    }

    private final GrammarBuilder grammar;
    private final JsonRules json;
    private final StringRules strings;
    private final NumberRules numbers;
    private final Conjunction conjunction;
    private final Map<String, Integer> rules = new HashMap<>(); // by path
    private final Deque<Runnable> pending = new ArrayDeque<>();

    private SchemaCompiler(JsonNode root, GrammarBuilder grammar, JsonRules json) {
        this.grammar = grammar;
        this.json = json;
        this.strings = new StringRules(grammar, json);
        this.numbers = new NumberRules(grammar, json);
        this.conjunction = new Conjunction(new References(root));
    }

    /**
     * Adds the transitions of a schema to a rule.
     *
     * @throws SchemaException when the text is no schema, asks for what is not supported, or is too large
     */
    static void emit(String schema, GrammarBuilder grammar, JsonRules json, int rule) {
        if (schema.length() > MAX_LENGTH) {
            throw new SchemaException("#", "is " + schema.length() + " characters long; at most " + MAX_LENGTH);
        }
        JsonNode root;
        try {
            root = JSON.readTree(schema);
        } catch (JsonProcessingException e) {
            throw new SchemaException("#", "is not valid JSON: " + e.getOriginalMessage());
        }
        new SchemaCompiler(root, grammar, json).emit(new Place(root, "#"), rule);
    }

    private void emit(Place root, int rule) {
        emit(root, grammar.start(rule), grammar.end(rule), Set.of());
        while (!pending.isEmpty()) {
            pending.removeFirst().run();
        }
    }

    /**
     * Transitions for all values of a schema, within the current rule.
     *
     * @param inlined references that led here without anything in between
     */
    private void emit(Place written, int from, int to, Set<String> inlined) {
        Place place = conjunction.simplified(written);
        JsonNode schema = place.schema();
        Set<String> more = new LinkedHashSet<>(inlined);
        if (!place.path().equals(written.path()) && !more.add(place.path())) {
            throw new SchemaException(written.path(), "refers to itself with nothing in between");
        }
        if (schema.isBoolean()) {
            if (schema.booleanValue()) {
                grammar.call(from, json.valueRule(), to);
            }
        } else if (schema.has("enum") || schema.has("const")) {
            for (JsonNode value : SchemaKeywords.fixedValues(place)) {
                grammar.literal(from, value.toString().getBytes(StandardCharsets.UTF_8), to);
            }
        } else if (schema.has("anyOf")) {
            SchemaKeywords.branches(place, "anyOf").forEach(branch -> emit(branch, from, to, more));
        } else if (schema.has("oneOf")) {
            List<Place> branches = SchemaKeywords.branches(place, "oneOf");
            new Distinction(conjunction).check(place, branches);
            branches.forEach(branch -> emit(branch, from, to, more));
        } else {
            emitTypes(place, from, to);
        }
    }

    private void emitTypes(Place place, int from, int to) {
        List<String> types = SchemaKeywords.types(place);
        if (types.isEmpty()) {
            grammar.call(from, json.valueRule(), to);
        }
        for (String type : types) {
            switch (type) {
                case "object" -> emitObject(place, from, to);
                case "array" -> emitArray(place, from, to);
                case "string" -> strings.emit(place, from, to);
                case "number" -> numbers.emit(place, false, from, to);
                case "integer" -> numbers.emit(place, true, from, to);
                case "boolean" -> {
                    grammar.literal(from, "true".getBytes(StandardCharsets.US_ASCII), to);
                    grammar.literal(from, "false".getBytes(StandardCharsets.US_ASCII), to);
                }
                default -> grammar.literal(from, "null".getBytes(StandardCharsets.US_ASCII), to);
            }
        }
    }

    /** A value inside another: a rule of its own, unless it is a list of fixed values. */
    private void child(Place place, int from, int to) {
        Place target = conjunction.simplified(place);
        boolean small = target.schema().isBoolean()
                || target.schema().has("enum")
                || target.schema().has("const");
        if (small) {
            emit(target, from, to, Set.of());
        } else {
            grammar.call(from, rule(target), to);
        }
    }

    private int rule(Place place) {
        Integer known = rules.get(place.path());
        if (known != null) {
            return known;
        }
        int rule = grammar.rule();
        rules.put(place.path(), rule);
        pending.addLast(() -> emit(place, grammar.start(rule), grammar.end(rule), Set.of()));
        return rule;
    }

    private void emitObject(Place place, int from, int to) {
        List<Place> properties = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<String> required = SchemaKeywords.required(place);
        Place all = place.child("properties", place.schema().path("properties"));
        all.schema().properties().forEach(entry -> {
            names.add(entry.getKey());
            properties.add(all.child(entry.getKey(), entry.getValue()));
        });
        JsonNode additional = place.schema().path("additionalProperties");
        Place others = place.child("additionalProperties", additional);
        boolean free = additional.isMissingNode() && names.isEmpty() && required.isEmpty();
        if (free || (additional.isBoolean() && additional.booleanValue() && names.isEmpty() && required.isEmpty())) {
            grammar.call(from, json.objectRule(), to);
            return;
        }
        for (String name : required) {
            if (!names.contains(name)) {
                if (additional.isBoolean() && !additional.booleanValue()) {
                    throw new SchemaException(
                            place.path() + "/required", "names '" + name + "', which additionalProperties forbids");
                }
                names.add(name);
                properties.add(additional.isMissingNode() ? new Place(SchemaKeywords.ANYTHING, place.path()) : others);
            }
        }
        int first = json.space(grammar.character(from, '{')); // nothing written yet
        int later = grammar.state(); // something written
        for (int i = 0; i < names.size(); i++) {
            boolean optional = !required.contains(names.get(i));
            int nextFirst = grammar.state();
            int nextLater = grammar.state();
            int name = grammar.state();
            grammar.empty(first, name);
            if (i > 0) {
                grammar.empty(json.space(grammar.character(later, ',')), name);
            }
            member(JsonNodeFactory.instance.textNode(names.get(i)).toString(), properties.get(i), name, nextLater);
            if (optional) {
                grammar.empty(first, nextFirst);
                grammar.empty(later, nextLater);
            }
            first = nextFirst;
            later = nextLater;
        }
        if (!additional.isMissingNode() && !(additional.isBoolean() && !additional.booleanValue())) {
            int name = grammar.state();
            grammar.empty(first, name);
            grammar.empty(json.space(grammar.character(later, ',')), name);
            int colon = grammar.state();
            strings.nameOtherThan(names, name, colon);
            int value = json.space(grammar.character(colon, ':'));
            child(others, value, later);
        }
        grammar.bytes(first, '}', '}', to);
        grammar.bytes(json.space(later), '}', '}', to);
    }

    private void member(String name, Place value, int from, int to) {
        int colon = grammar.state();
        grammar.literal(from, name.getBytes(StandardCharsets.UTF_8), colon);
        child(value, json.space(grammar.character(colon, ':')), to);
    }

    private void emitArray(Place place, int from, int to) {
        JsonNode prefix = place.schema().path("prefixItems");
        int min = SchemaKeywords.count(place, "minItems", 0);
        int max = SchemaKeywords.count(place, "maxItems", Integer.MAX_VALUE);
        if (place.schema().path("uniqueItems").asBoolean(false) && max > 1) {
            emitSet(place, min, max, from, to);
            return;
        }
        boolean unlimited = max == Integer.MAX_VALUE;
        int numCounted = unlimited ? Math.max(Math.max(min, 1), prefix.size()) : max;
        int at = json.space(grammar.character(from, '[')); // behind i items
        for (int i = 0; i <= numCounted; i++) {
            if (i >= min) {
                grammar.bytes(i == 0 ? at : json.space(at), ']', ']', to);
            }
            if (i < numCounted) {
                int next = grammar.state();
                child(item(place, prefix, i), i == 0 ? at : json.space(grammar.character(at, ',')), next);
                at = next;
            }
        }
        if (unlimited) {
            child(item(place, prefix, numCounted), json.space(grammar.character(at, ',')), at);
        }
    }

    /** An array of which no two items are equal: a state for each set of items that were there. */
    private void emitSet(Place place, int min, int max, int from, int to) {
        List<byte[]> values = distinct(place);
        int[] behind = new int[1 << values.size()]; // by set, behind an item
        for (int set = 1; set < behind.length; set++) {
            behind[set] = grammar.state();
        }
        for (int set = 0; set < behind.length; set++) {
            int size = Integer.bitCount(set);
            int open = set == 0 ? json.space(grammar.character(from, '[')) : json.space(behind[set]);
            if (size >= min) {
                grammar.bytes(open, ']', ']', to);
            }
            if (size == Math.min(max, values.size())) {
                continue;
            }
            int item = set == 0 ? open : json.space(grammar.character(behind[set], ','));
            for (int i = 0; i < values.size(); i++) {
                if ((set & 1 << i) == 0) {
                    grammar.literal(item, values.get(i), behind[set | 1 << i]);
                }
            }
        }
    }

    /** The few values that an item may have, none equal to another. */
    private List<byte[]> distinct(Place place) {
        Place item = conjunction.simplified(item(place, place.schema().path("prefixItems"), 0));
        JsonNode schema = item.schema();
        List<JsonNode> values = new ArrayList<>();
        if (schema.has("enum") || schema.has("const")) {
            Set<String> seen = new HashSet<>();
            for (JsonNode value : SchemaKeywords.fixedValues(item)) {
                if (seen.add(SchemaKeywords.comparable(value))) {
                    values.add(value);
                }
            }
        }
        if (values.isEmpty() || values.size() > MAX_DISTINCT || place.schema().has("prefixItems")) {
            throw new SchemaException(
                    place.path() + "/uniqueItems",
                    "is supported for items that are one of at most " + MAX_DISTINCT + " values ('enum'), no others");
        }
        return values.stream()
                .map(value -> value.toString().getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static Place item(Place place, JsonNode prefix, int index) {
        if (index < prefix.size()) {
            return place.child("prefixItems", prefix).child(Integer.toString(index), prefix.get(index));
        }
        JsonNode items = place.schema().path("items");
        return place.child("items", items.isMissingNode() ? SchemaKeywords.ANYTHING : items);
    }
}
