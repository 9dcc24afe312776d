package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.generate.Prompt;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Reads the bodies of {@code /v1/responses}. Nothing is kept from one request to the next, so what refers to an earlier
 * one is refused by name, and so are tools that OpenAI's servers would use themselves.
 */
final class ResponseReader {
    private static final String LOG_PROBS = "message.output_text.logprobs";

    /** What a response says of its request where that says nothing. */
    private static final JsonNode UNLESS_GIVEN = Json.parse("""
            {"background":false,"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"metadata":{},
            "parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,
            "reasoning":{"effort":null,"summary":null},"safety_identifier":null,"temperature":null,
            "text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":null,
            "truncation":"disabled","user":null}""".getBytes(StandardCharsets.UTF_8));

    private ResponseReader() {}

    static ApiRequest read(JsonNode body) {
        var fields = RequestFields.ofBody(body);
        var model = fields.requiredString("model");
        for (var field : List.of("previous_response_id", "conversation")) {
            if (fields.any(field).isPresent()) {
                throw ApiProblem.invalid(
                        "'" + field + "' is not supported here, as no response is kept. Send the whole conversation"
                                + " in 'input'.",
                        field,
                        "unsupported_parameter");
            }
        }
        for (var field : List.of("prompt", "context_management", "moderation")) {
            fields.unsupported(field);
        }
        var messages = InputReader.messages(fields.string("instructions"), fields.required("input"));
        var maxTokens = fields.integer("max_output_tokens");
        RequestReader.requireSome("max_output_tokens", maxTokens);
        var tools = ToolReader.ofResponse(fields);
        var settings =
                RequestReader.settings(fields, maxTokens, logProbs(fields), false, ResponseFormat.ofText(fields));
        fields.unsupported("n", "1");
        fields.unsupported("background", "false");
        fields.unsupported("truncation", "disabled");
        if (fields.any("reasoning").isPresent()) {
            var reasoning = fields.inner("reasoning");
            reasoning.unsupported("effort", "none");
            reasoning.ignore("summary", "generate_summary");
            reasoning.rejectUnknown();
        }
        fields.ignore("max_tool_calls"); // of tools that there are none of
        return RequestReader.finish(
                fields, model, List.of(new Prompt.Chat(messages, tools)), settings, repeated(fields));
    }

    /** Alternatives told for each token; -1 when nobody asks for log-probabilities. */
    private static int logProbs(RequestFields fields) {
        var top = fields.integer("top_logprobs");
        top.ifPresent(count -> RequestReader.requireCount("top_logprobs", count));
        boolean included = false;
        for (var item : fields.array("include")) {
            included |= RequestFields.text(item, "include").equals(LOG_PROBS); // all else is never there
        }
        return included || top.orElse(0) > 0 ? top.orElse(0) : -1;
    }

    /** What clients expect to be told of what they asked for. */
    private static ObjectNode repeated(RequestFields fields) {
        var repeated = Json.object();
        for (var usual : UNLESS_GIVEN.properties()) {
            repeated.set(usual.getKey(), fields.any(usual.getKey()).orElse(usual.getValue()));
        }
        return repeated.put("service_tier", "default").put("store", false);
    }
}
