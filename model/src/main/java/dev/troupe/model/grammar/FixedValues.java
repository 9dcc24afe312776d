package dev.troupe.model.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Values from lists ("enum", "const") that other keywords beside them allow. */
final class FixedValues {
    /** Division of numbers with longer exponents takes more time than a request may. */
    private static final int MAX_SCALE = 1000;

    private FixedValues() {}

    /**
     * The schema of the values that all lists have and the rest allows.
     *
     * @param lists at least one schema with "enum" or "const"
     * @param typed type and keywords of types
     * @throws SchemaException when the rest has keywords that are not looked at for such a value
     */
    static JsonNode common(Place place, List<Place> lists, ObjectNode typed) {
        List<JsonNode> values = new ArrayList<>(SchemaKeywords.fixedValues(lists.getFirst()));
        for (Place other : lists.subList(1, lists.size())) {
            Set<String> texts = SchemaKeywords.comparable(SchemaKeywords.fixedValues(other));
            values.removeIf(value -> !texts.contains(SchemaKeywords.comparable(value)));
        }
        List<String> types = SchemaKeywords.types(new Place(typed, place.path()));
        values.removeIf(value -> !SchemaKeywords.hasOneOf(value, types));
        values.removeIf(value -> !isAllowed(value, new Place(typed, place.path())));
        if (values.isEmpty()) {
            return BooleanNode.FALSE;
        }
        ObjectNode result = JsonNodeFactory.instance.objectNode();
        result.putArray("enum").addAll(values);
        return result;
    }

    private static boolean isAllowed(JsonNode value, Place typed) {
        for (var entry : typed.schema().properties()) {
            String keyword = entry.getKey();
            if (!SchemaKeywords.concerns(keyword, value)) {
                continue;
            }
            boolean allowed = switch (keyword) {
                case "minimum" -> compare(value, typed, keyword) >= 0;
                case "maximum" -> compare(value, typed, keyword) <= 0;
                case "exclusiveMinimum" -> compare(value, typed, keyword) > 0;
                case "exclusiveMaximum" -> compare(value, typed, keyword) < 0;
                case "multipleOf" -> isMultiple(value, typed);
                case "minLength" -> length(value) >= SchemaKeywords.count(typed, keyword, 0);
                case "maxLength" -> length(value) <= SchemaKeywords.count(typed, keyword, 0);
                default ->
                    throw new SchemaException(
                            typed.path(),
                            "has '" + keyword + "' beside the fixed value " + value
                                    + ", which is not supported: list the values that it allows");
            };
            if (!allowed) {
                return false;
            }
        }
        return true;
    }

    private static int compare(JsonNode value, Place typed, String limit) {
        return value.decimalValue().compareTo(NumberRules.number(typed, limit));
    }

    private static boolean isMultiple(JsonNode value, Place typed) {
        BigDecimal number = value.decimalValue();
        if (Math.abs((long) number.scale()) > MAX_SCALE) {
            throw new SchemaException(
                    typed.path(), "has 'multipleOf' beside a number with more than " + MAX_SCALE + " digits");
        }
        return number.remainder(NumberRules.step(typed)).signum() == 0;
    }

    private static int length(JsonNode value) {
        return value.textValue().codePointCount(0, value.textValue().length());
    }
}
