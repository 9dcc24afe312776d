package dev.troupe.model.chat;

/**
 * One message of a chat.
 *
 * @param role "system", "user" or "assistant", as OpenAI's API names them
 * @param content the text
 */
public record ChatMessage(String role, String content) {
    /** A user's message. */
    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }
}
