package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Prompt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Reads the bodies of {@code /v1/chat/completions} and {@code /v1/completions}, and what others have of them. What
 * OpenAI's API knows and we cannot do is refused by name; {@code top_k}, {@code min_p}, {@code repetition_penalty} and
 * {@code stop_token_ids} are additions that others have too.
 */
final class RequestReader {
    private RequestReader() {}

    static ApiRequest chat(JsonNode body) {
        var fields = RequestFields.ofBody(body);
        var model = fields.requiredString("model");
        var messages = MessageReader.messages(fields.required("messages"));
        boolean logProbs = fields.bool("logprobs", false);
        var top = fields.integer("top_logprobs");
        if (top.isPresent() && !logProbs) {
            throw ApiProblem.invalid(
                    "'top_logprobs' is only allowed when 'logprobs' is true.", "top_logprobs", "invalid_value");
        }
        if (top.isPresent()) {
            requireCount("top_logprobs", top.getAsInt());
        }
        var settings = settings(
                fields, chatMaxTokens(fields), logProbs ? top.orElse(0) : -1, false, ResponseFormat.schema(fields));
        for (var field : List.of("audio", "web_search_options", "moderation")) {
            fields.unsupported(field);
        }
        fields.replaced("functions", "tools");
        fields.replaced("function_call", "tool_choice");
        fields.ignore("prediction", "verbosity"); // hints
        fields.unsupported("modalities", "[\"text\"]");
        fields.unsupported("reasoning_effort", "none");
        return finish(
                fields, model, List.of(new Prompt.Chat(messages, ToolReader.ofChat(fields))), settings, Json.object());
    }

    static ApiRequest completion(JsonNode body) {
        var fields = RequestFields.ofBody(body);
        var model = fields.requiredString("model");
        var prompts = PromptFields.prompts(fields.required("prompt"), "prompt");
        var logProbs = fields.integer("logprobs");
        if (logProbs.isPresent()) {
            requireCount("logprobs", logProbs.getAsInt());
        }
        var settings = settings(
                fields,
                fields.integer("max_tokens"),
                logProbs.orElse(-1),
                fields.bool("echo", false),
                ResponseFormat.schema(fields));
        fields.unsupported("suffix", "");
        fields.unsupported("best_of", Integer.toString(settings.choices()));
        return finish(fields, model, prompts, settings, Json.object());
    }

    /**
     * What all bodies have.
     *
     * @param repeated as {@link ApiRequest}
     * @throws ApiProblem that names a field which nobody has asked for
     */
    static ApiRequest finish(
            RequestFields fields,
            String model,
            List<Prompt> prompts,
            GenerationSettings settings,
            ObjectNode repeated) {
        boolean stream = fields.bool("stream", false);
        var user = fields.string("user").orElse("");
        var options = fields.any("stream_options");
        boolean includeUsage = false;
        if (options.isPresent()) {
            if (!stream) {
                throw ApiProblem.invalid(
                        "'stream_options' is only allowed when 'stream' is true.", "stream_options", "invalid_value");
            }
            var inner = fields.inner("stream_options");
            includeUsage = inner.bool("include_usage", false);
            inner.ignore("include_obfuscation");
            inner.rejectUnknown();
        }
        // None of these changes an answer.
        fields.ignore(
                "store", "service_tier", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention");
        fields.rejectUnknown();
        return new ApiRequest(model, prompts, settings, user, stream, includeUsage, repeated);
    }

    /**
     * How answers are drawn.
     *
     * @param logProbs alternatives told for each token; -1 for no log-probabilities
     * @param schema that answers are held to; "" for none
     */
    static GenerationSettings settings(
            RequestFields fields, OptionalInt maxTokens, int logProbs, boolean echo, String schema) {
        return new GenerationSettings(
                maxTokens,
                fields.number("temperature"),
                fields.integer("top_k"),
                fields.number("top_p"),
                fields.number("min_p"),
                fields.number("repetition_penalty"),
                fields.number("presence_penalty", 0),
                fields.number("frequency_penalty", 0),
                logitBias(fields),
                fields.longInteger("seed"),
                stop(fields),
                stopTokens(fields),
                logProbs,
                fields.integer("n").orElse(1),
                echo,
                schema);
    }

    static void requireCount(String field, int numLogProbs) {
        if (numLogProbs < 0 || numLogProbs > GenerationSettings.MAX_LOG_PROBS) {
            throw ApiProblem.invalid(
                    "'" + field + "' must be between 0 and " + GenerationSettings.MAX_LOG_PROBS + ", not " + numLogProbs
                            + ".",
                    field,
                    "invalid_value");
        }
    }

    /** The newer name and the older one mean the same. */
    private static OptionalInt chatMaxTokens(RequestFields fields) {
        var newer = fields.integer("max_completion_tokens");
        var older = fields.integer("max_tokens");
        if (newer.isPresent() && older.isPresent() && newer.getAsInt() != older.getAsInt()) {
            throw ApiProblem.invalid(
                    "'max_tokens' and 'max_completion_tokens' are given with different values; use one of them.",
                    "max_tokens",
                    "invalid_value");
        }
        requireSome("max_completion_tokens", newer);
        return newer.isPresent() ? newer : older;
    }

    static void requireSome(String field, OptionalInt maxTokens) {
        if (maxTokens.isPresent() && maxTokens.getAsInt() < 1) {
            throw ApiProblem.invalid(
                    "'" + field + "' must be at least 1, not " + maxTokens.getAsInt() + ".", field, "invalid_value");
        }
    }

    private static List<String> stop(RequestFields fields) {
        var node = fields.any("stop");
        if (node.isEmpty()) {
            return List.of();
        }
        if (!node.get().isArray()) {
            return List.of(RequestFields.text(node.get(), "stop"));
        }
        var stops = new ArrayList<String>();
        for (var item : node.get()) {
            stops.add(RequestFields.text(item, "stop[" + stops.size() + "]"));
        }
        return stops;
    }

    private static List<Integer> stopTokens(RequestFields fields) {
        return fields.any("stop_token_ids")
                .map(node -> RequestFields.array(node, "stop_token_ids"))
                .map(array -> PromptFields.tokens(array, "stop_token_ids").ids())
                .orElse(List.of());
    }

    private static Map<Integer, Double> logitBias(RequestFields fields) {
        var node = fields.any("logit_bias");
        if (node.isEmpty()) {
            return Map.of();
        }
        if (!node.get().isObject()) {
            throw RequestFields.wrongType("logit_bias", "an object", node.get());
        }
        var biases = new HashMap<Integer, Double>();
        for (var entry : node.get().properties()) {
            var path = "logit_bias." + entry.getKey();
            try {
                biases.put(Integer.valueOf(entry.getKey()), RequestFields.number(entry.getValue(), path));
            } catch (NumberFormatException e) {
                throw ApiProblem.invalid("The keys of 'logit_bias' must be token ids.", path, "invalid_value");
            }
        }
        return biases;
    }
}
