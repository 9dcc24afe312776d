package dev.troupe.model.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes one schema of several that must all hold: those of "allOf", and keywords beside "$ref", "anyOf", "oneOf",
 * "enum" or "const". What follows need not know that a schema was written in parts.
 */
final class Conjunction {
    /** More schemas than this, each made of others, are refused. */
    private static final int MAX_MERGED = 2000;

    private final References references;
    private final Map<String, Place> merged = new HashMap<>(); // by the schema's text: references are absolute

    Conjunction(References references) {
        this.references = references;
    }

    /**
     * The schema that a place means: without "$ref" and "allOf", and with at most one of "anyOf", "oneOf", "enum" and
     * "const", beside which only the last two have a "type". The same conjunction has the same path always.
     *
     * @throws SchemaException when keywords are not supported, alone or together
     */
    Place simplified(Place place) {
        Place at = place;
        Set<String> passed = new HashSet<>();
        while (isReference(at)) {
            if (!passed.add(at.path())) {
                throw new SchemaException(place.path(), "refers to itself with nothing in between");
            }
            at = references.target(at);
        }
        if (at.schema().isBoolean()) {
            return at;
        }
        SchemaKeywords.check(at);
        if (SchemaKeywords.isSimple(at.schema())) {
            return at;
        }
        String text = at.schema().toString();
        Place known = merged.get(text);
        if (known == null) {
            if (merged.size() >= MAX_MERGED) {
                throw new SchemaException("#", "is too large: it combines more than " + MAX_MERGED + " schemas");
            }
            known = new Place(merge(at), at.path() + "/allOf");
            merged.put(text, known);
        }
        return known;
    }

    private static boolean isReference(Place place) {
        if (!place.schema().has("$ref")) {
            return false;
        }
        SchemaKeywords.check(place);
        return SchemaKeywords.deciding(place.schema()).equals(List.of("$ref"))
                && SchemaKeywords.typedPart(place.schema()).isEmpty();
    }

    private JsonNode merge(Place place) {
        List<ObjectNode> parts = new ArrayList<>();
        if (!flatten(place, parts, new HashSet<>())) {
            return BooleanNode.FALSE;
        }
        List<ObjectNode> alternatives = new ArrayList<>();
        List<Place> fixed = new ArrayList<>();
        ObjectNode typed = JsonNodeFactory.instance.objectNode();
        for (ObjectNode part : parts) {
            if (part.has("anyOf") || part.has("oneOf")) {
                alternatives.add(part);
            } else if (part.has("enum") || part.has("const")) {
                fixed.add(new Place(part, place.path()));
            } else if (!SchemaIntersection.add(typed, new Place(part, place.path()))) {
                return BooleanNode.FALSE;
            }
        }
        if (SchemaKeywords.demandsForbidden(new Place(typed, place.path()))) {
            return BooleanNode.FALSE;
        }
        if (alternatives.isEmpty()) {
            return fixed.isEmpty() ? typed : FixedValues.common(place, fixed, typed);
        }
        ArrayNode rest = JsonNodeFactory.instance.arrayNode();
        if (!typed.isEmpty()) {
            rest.add(typed);
        }
        fixed.forEach(part -> rest.add(part.schema()));
        rest.addAll(alternatives.subList(1, alternatives.size()));
        return distribute(place, alternatives.getFirst(), rest);
    }

    /**
     * Takes a schema apart.
     *
     * @param parts gets schemas that each have one deciding keyword or none
     * @return false when nothing is valid
     */
    private boolean flatten(Place place, List<ObjectNode> parts, Set<String> passed) {
        if (place.schema().isBoolean()) {
            return place.schema().booleanValue();
        }
        SchemaKeywords.check(place);
        if (!passed.add(place.path())) {
            throw new SchemaException(place.path(), "refers to itself with nothing in between");
        }
        ObjectNode typed = SchemaKeywords.typedPart(place.schema());
        List<String> deciding = SchemaKeywords.deciding(place.schema());
        boolean satisfiable = true;
        for (String keyword : deciding) {
            JsonNode value = place.schema().get(keyword);
            switch (keyword) {
                case "$ref" -> satisfiable &= flatten(references.target(place), parts, passed);
                case "allOf" -> {
                    for (Place branch : SchemaKeywords.branches(place, keyword)) {
                        satisfiable &= flatten(branch, parts, passed);
                    }
                }
                default -> parts.add(JsonNodeFactory.instance.objectNode().set(keyword, value));
            }
        }
        if (!typed.isEmpty()) {
            parts.add(typed);
        }
        passed.remove(place.path());
        return satisfiable;
    }

    /** Each alternative together with the rest. */
    private static JsonNode distribute(Place place, ObjectNode alternatives, ArrayNode rest) {
        String keyword = alternatives.has("anyOf") ? "anyOf" : "oneOf";
        ObjectNode result = JsonNodeFactory.instance.objectNode();
        ArrayNode branches = result.putArray(keyword);
        for (Place branch : SchemaKeywords.branches(new Place(alternatives, place.path()), keyword)) {
            branches.addObject().putArray("allOf").add(branch.schema()).addAll(rest);
        }
        return result;
    }
}
