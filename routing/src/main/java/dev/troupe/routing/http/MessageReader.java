package dev.troupe.routing.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.chat.ChatMessage;
import dev.troupe.model.chat.ToolCall;
import java.util.ArrayList;
import java.util.List;

/** Reads the messages of a conversation. */
final class MessageReader {
    private static final JsonMapper JSON = new JsonMapper();

    private MessageReader() {}

    static List<ChatMessage> messages(JsonNode node) {
        if (!node.isArray()) {
            throw RequestFields.wrongType("messages", "an array", node);
        }
        if (node.isEmpty()) {
            throw ApiProblem.invalid("'messages' is empty: give at least one message.", "messages", "invalid_value");
        }
        var messages = new ArrayList<ChatMessage>();
        for (var item : node) {
            messages.add(message(item, "messages[" + messages.size() + "]"));
        }
        return messages;
    }

    private static ChatMessage message(JsonNode node, String path) {
        var fields = RequestFields.of(node, path);
        var role = fields.requiredString("role");
        var message = switch (role) {
            case "developer", "system" -> new ChatMessage("system", content(fields, path));
            case "user" -> new ChatMessage(role, content(fields, path));
            case "assistant" -> assistant(fields, path);
            case "tool" ->
                new ChatMessage(
                        role,
                        content(fields, path),
                        List.of(),
                        fields.requiredString("tool_call_id"),
                        fields.string("name").orElse(""));
            default ->
                throw ApiProblem.invalid(
                        "'" + path + ".role' is '" + role
                                + "'; it must be 'system', 'developer', 'user', 'assistant' or 'tool'.",
                        path + ".role",
                        "invalid_value");
        };
        for (var field : List.of("tool_calls", "function_call", "audio", "refusal", "tool_call_id")) {
            if (!fields.isKnown(field)) {
                fields.unsupported(field);
            }
        }
        fields.ignore("name", "annotations");
        fields.rejectUnknown();
        return message;
    }

    private static ChatMessage assistant(RequestFields fields, String path) {
        var calls = new ArrayList<ToolCall>();
        var given = fields.any("tool_calls");
        if (given.isPresent()) {
            if (!given.get().isArray()) {
                throw RequestFields.wrongType(path + ".tool_calls", "an array", given.get());
            }
            for (var item : given.get()) {
                calls.add(call(item, path + ".tool_calls[" + calls.size() + "]"));
            }
        }
        var content = calls.isEmpty()
                ? content(fields, path)
                : fields.any("content")
                        .map(node -> content(node, path + ".content"))
                        .orElse("");
        return new ChatMessage("assistant", content, calls, "", "");
    }

    private static ToolCall call(JsonNode node, String path) {
        var fields = RequestFields.of(node, path);
        var id = fields.requiredString("id");
        requireFunction(fields, path);
        var function = RequestFields.of(fields.required("function"), path + ".function");
        var name = function.requiredString("name");
        var text = function.requiredString("arguments");
        function.rejectUnknown();
        fields.rejectUnknown();
        var arguments = text.isBlank() ? "{}" : text;
        try {
            if (JSON.readTree(arguments).isObject()) {
                return new ToolCall(id, name, arguments);
            }
        } catch (JsonProcessingException e) {
            throw notAnObject(path);
        }
        throw notAnObject(path);
    }

    private static ApiProblem notAnObject(String path) {
        var field = path + ".function.arguments";
        return ApiProblem.invalid("'" + field + "' must be the text of a JSON object.", field, "invalid_value");
    }

    /** @throws ApiProblem when the type is there and another one */
    static void requireFunction(RequestFields fields, String path) {
        var type = fields.string("type").orElse("function");
        if (!type.equals("function")) {
            throw ApiProblem.invalid(
                    "'" + path + ".type' is '" + type + "'; only 'function' is supported here.",
                    path + ".type",
                    "unsupported_value");
        }
    }

    private static String content(RequestFields fields, String path) {
        return content(fields.required("content"), path + ".content");
    }

    /** A string, or a list of text parts. */
    private static String content(JsonNode node, String path) {
        if (!node.isArray()) {
            return RequestFields.text(node, path);
        }
        var text = new StringBuilder();
        int i = 0;
        for (var part : node) {
            var partPath = path + "[" + i++ + "]";
            var fields = RequestFields.of(part, partPath);
            if (!fields.requiredString("type").equals("text")) {
                throw ApiProblem.invalid(
                        "'" + partPath + "' is not text; only text parts are supported here.",
                        partPath + ".type",
                        "unsupported_value");
            }
            text.append(fields.requiredString("text"));
            fields.rejectUnknown();
        }
        return text.toString();
    }
}
