package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.grammar.JsonGrammar;
import java.util.function.UnaryOperator;

/**
 * The field {@code response_format}, in a response {@code text.format}: text, a JSON object, or JSON by a schema.
 * Answers are held to a schema whether {@code strict} says so or not.
 */
final class ResponseFormat {
    private static final String FIELD = "response_format";
    private static final String TEXT = "text";

    private ResponseFormat() {}

    /** The JSON schema that a chat or completion asks for; "" for none. */
    static String schema(RequestFields body) {
        return body.any(FIELD).isEmpty() ? "" : schema(body.inner(FIELD), format -> format.inner("json_schema"));
    }

    /** The JSON schema that a response asks for, whose fields stand in the format itself; "" for none. */
    static String ofText(RequestFields body) {
        if (body.any(TEXT).isEmpty()) {
            return "";
        }
        var text = body.inner(TEXT);
        var schema = text.any("format").isEmpty() ? "" : schema(text.inner("format"), format -> format);
        text.ignore("verbosity"); // a hint
        text.rejectUnknown();
        return schema;
    }

    private static String schema(RequestFields fields, UnaryOperator<RequestFields> place) {
        var schema = switch (fields.requiredString("type")) {
            case "text" -> "";
            case "json_object" -> JsonGrammar.ANY_OBJECT;
            case "json_schema" -> named(place.apply(fields));
            case String other ->
                throw ApiProblem.invalid(
                        "'" + fields.path("type") + "' is '" + other
                                + "'; it must be 'text', 'json_object' or 'json_schema'.",
                        fields.path("type"),
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
            throw RequestFields.wrongType(fields.path("schema"), "an object", schema);
        }
        return Json.write(schema);
    }
}
