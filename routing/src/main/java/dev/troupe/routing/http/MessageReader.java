package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.chat.ChatMessage;
import dev.troupe.model.chat.ToolCall;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the messages of a conversation. Fields that are not known are passed over, as OpenAI's API does it within
 * messages: clients send back what other servers put into theirs.
 */
final class MessageReader {
    private MessageReader() {}

    static List<ChatMessage> messages(JsonNode node) {
        if (RequestFields.array(node, "messages").isEmpty()) {
            throw ApiProblem.invalid("'messages' is empty: give at least one message.", "messages", "invalid_value");
        }
        var messages = new ArrayList<ChatMessage>();
        for (var item : node) {
            messages.add(message(item, "messages[" + messages.size() + "]"));
        }
        return messages;
    }

    static ChatMessage message(JsonNode node, String path) {
        var fields = RequestFields.of(node, path);
        var role = fields.requiredString("role");
        return switch (role) {
            case "developer", "system" -> text("system", fields, path);
            case "user" -> text(role, fields, path);
            case "assistant" -> assistant(fields, path);
            case "tool" -> tool(fields.requiredString("tool_call_id"), fields, path);
            case "function" -> tool("", fields, path); // what came before "tool"
            default ->
                throw ApiProblem.invalid(
                        "'" + path + ".role' is '" + role
                                + "'; it must be 'system', 'developer', 'user', 'assistant' or 'tool'.",
                        path + ".role",
                        "invalid_value");
        };
    }

    private static ChatMessage text(String role, RequestFields fields, String path) {
        return new ChatMessage(role, content(fields, path), List.of(), "", name(fields));
    }

    private static ChatMessage tool(String callId, RequestFields fields, String path) {
        return new ChatMessage("tool", content(fields, path), List.of(), callId, name(fields));
    }

    private static String name(RequestFields fields) {
        return fields.string("name").orElse("");
    }

    private static ChatMessage assistant(RequestFields fields, String path) {
        var calls = new ArrayList<ToolCall>();
        fields.any("function_call")
                .map(call -> RequestFields.of(call, path + ".function_call"))
                .ifPresent(call -> calls.add(call("", call))); // what came before "tool_calls"
        for (var item : fields.array("tool_calls")) {
            calls.add(call(item, path + ".tool_calls[" + calls.size() + "]"));
        }
        var content = fields.any("content")
                .map(node -> content(node, path + ".content"))
                .or(() -> fields.string("refusal"));
        if (content.isEmpty() && calls.isEmpty()) {
            fields.required("content");
        }
        return new ChatMessage("assistant", content.orElse(""), calls, "", name(fields));
    }

    private static ToolCall call(JsonNode node, String path) {
        var fields = RequestFields.of(node, path);
        requireFunction(fields, path);
        return call(fields.requiredString("id"), fields.inner("function"));
    }

    /**
     * Arguments may be any text: they are the model's, and a client that found them wrong says so in the next message.
     */
    static ToolCall call(String id, RequestFields function) {
        return ToolCall.of(id, function.requiredString("name"), function.requiredString("arguments"));
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

    /** A string, or a list of text parts, which are put on lines of their own: a file, say, and what is asked of it. */
    static String content(JsonNode node, String path) {
        if (!node.isArray()) {
            return RequestFields.text(node, path);
        }
        var texts = new ArrayList<String>();
        for (var part : node) {
            var partPath = path + "[" + texts.size() + "]";
            var fields = RequestFields.of(part, partPath);
            texts.add(
                    switch (fields.requiredString("type")) {
                        case "text", "input_text", "output_text" -> fields.requiredString("text");
                        case "refusal" -> fields.requiredString("refusal");
                        default ->
                            throw ApiProblem.invalid(
                                    "'" + partPath + "' is not text; only text parts are supported here.",
                                    partPath + ".type",
                                    "unsupported_value");
                    });
        }
        return String.join("\n", texts);
    }
}
