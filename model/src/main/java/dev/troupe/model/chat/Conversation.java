package dev.troupe.model.chat;

import java.util.List;

/**
 * What a chat template turns into a prompt.
 *
 * @param tools that the model is told of
 * @param answerStart what the answer begins with, when that is decided already; put behind the prompt, its marks as
 *     special tokens
 */
public record Conversation(List<ChatMessage> messages, List<Tool> tools, String answerStart) {
    public Conversation {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }

    /** Messages alone. */
    public static Conversation of(List<ChatMessage> messages) {
        return new Conversation(messages, List.of(), "");
    }
}
