package dev.troupe.model.chat;

import java.util.List;

/**
 * One message of a chat.
 *
 * @param role "system", "user", "assistant" or "tool", as OpenAI's API names them
 * @param content the text; "" for none
 * @param toolCalls that an assistant's message asks for
 * @param toolCallId of a tool's message: which call it answers; else ""
 * @param name of a tool's message: the function, when the client says it; else ""
 */
public record ChatMessage(String role, String content, List<ToolCall> toolCalls, String toolCallId, String name) {
    public ChatMessage {
        toolCalls = List.copyOf(toolCalls);
    }

    /** A message of nothing but text. */
    public ChatMessage(String role, String content) {
        this(role, content, List.of(), "", "");
    }

    /** A user's message. */
    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }
}
