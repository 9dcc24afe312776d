package dev.troupe.routing.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** JSON as the API reads it (strictly) and writes it. */
final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /** @throws ApiProblem (400) when the bytes are no JSON; it says where and why */
    static JsonNode parse(byte[] body) {
        try {
            var node = MAPPER.readTree(body);
            if (node.isMissingNode()) {
                throw ApiProblem.invalid("The body is empty; a JSON object is expected.", null, "invalid_json");
            }
            return node;
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            var where = at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
            throw ApiProblem.invalid(
                    "The body is not valid JSON" + where + ": " + e.getOriginalMessage(), null, "invalid_json");
        } catch (IOException e) {
            throw ApiProblem.invalid("The body is not valid JSON: " + e.getMessage(), null, "invalid_json");
        }
    }

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static String write(JsonNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tree of plain values could not be written", e);
        }
    }
}
