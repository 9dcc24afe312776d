package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.grammar.JsonGrammar;

/**
 * The field {@code response_format}: text, a JSON object, or JSON by a schema. Answers are held to a schema whether
 * {@code strict} says so or not.
 */
final class ResponseFormat {
    private static final String FIELD = "response_format";

    private ResponseFormat() {}

    /** The JSON schema that is asked for; "" for none. */
    static String schema(RequestFields body) {
        var given = body.any(FIELD);
        if (given.isEmpty()) {
            return "";
        }
        var fields = RequestFields.of(given.get(), FIELD);
        var schema = switch (fields.requiredString("type")) {
            case "text" -> "";
            case "json_object" -> JsonGrammar.ANY_OBJECT;
            case "json_schema" -> named(RequestFields.of(fields.required("json_schema"), FIELD + ".json_schema"));
            case String other ->
                throw ApiProblem.invalid(
                        "'" + FIELD + ".type' is '" + other + "'; it must be 'text', 'json_object' or 'json_schema'.",
                        FIELD + ".type",
                        "invalid_value");
        };
        fields.rejectUnknown();
        return schema;
    }

    private static String named(RequestFields fields) {
        fields.requiredString("name");
        fields.string("description");
        fields.bool("strict", false);
        var schema = fields.required("schema");
        fields.rejectUnknown();
        if (!(schema instanceof ObjectNode)) {
            throw RequestFields.wrongType(FIELD + ".json_schema.schema", "an object", schema);
        }
        return Json.write(schema);
    }
}
