package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.chat.ChatMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the input of a response as a conversation. What it had as items of its own, calls above all, templates of chats
 * expect in messages: calls belong to the assistant's message before them.
 */
final class InputReader {
    private static final String FIELD = "input";

    private InputReader() {}

    /** @param instructions come first, as a system's message */
    static List<ChatMessage> messages(Optional<String> instructions, JsonNode input) {
        var messages = new ArrayList<ChatMessage>();
        instructions.ifPresent(text -> messages.add(new ChatMessage("system", text)));
        if (!input.isArray()) {
            messages.add(ChatMessage.user(RequestFields.text(input, FIELD)));
            return messages;
        }
        int index = 0;
        for (var item : input) {
            add(messages, item, FIELD + "[" + index++ + "]");
        }
        if (messages.isEmpty()) {
            throw ApiProblem.invalid("'input' is empty: give at least one message.", FIELD, "invalid_value");
        }
        return messages;
    }

    private static void add(List<ChatMessage> messages, JsonNode item, String path) {
        var fields = RequestFields.of(item, path);
        switch (fields.string("type").orElse("message")) {
            case "message" -> messages.add(MessageReader.message(item, path));
            case "function_call" -> addCall(messages, fields);
            case "function_call_output" -> messages.add(answerOfTool(fields));
            case "reasoning" -> {} // another model's
            case "item_reference" ->
                throw ApiProblem.invalid(
                        "'" + path + "' refers to an item, but nothing is kept here. Send the item itself.",
                        path,
                        "unsupported_value");
            case String other ->
                throw ApiProblem.invalid(
                        "'" + fields.path("type") + "' is '" + other
                                + "'; it must be 'message', 'function_call' or 'function_call_output'.",
                        fields.path("type"),
                        "unsupported_value");
        }
    }

    private static void addCall(List<ChatMessage> messages, RequestFields fields) {
        var call = MessageReader.call(fields.requiredString("call_id"), fields);
        boolean follows = !messages.isEmpty() && messages.getLast().role().equals("assistant");
        var message = follows ? messages.removeLast() : new ChatMessage("assistant", "");
        var calls = new ArrayList<>(message.toolCalls());
        calls.add(call);
        messages.add(new ChatMessage("assistant", message.content(), calls, "", message.name()));
    }

    private static ChatMessage answerOfTool(RequestFields fields) {
        var output = MessageReader.content(fields.required("output"), fields.path("output"));
        return new ChatMessage("tool", output, List.of(), fields.requiredString("call_id"), "");
    }
}
