package dev.troupe.routing.generate;

import dev.troupe.model.chat.ChatMessage;
import java.util.List;

/** What an answer continues. */
public sealed interface Prompt {
    /** A text as it stands. */
    record Text(String text) implements Prompt {}

    /** Token ids of the model's own tokenizer. */
    record Tokens(List<Integer> ids) implements Prompt {}

    /** A conversation, for the model's chat template, and what may be called in its answer. */
    record Chat(List<ChatMessage> messages, ToolUse tools) implements Prompt {
        /** A conversation without tools. */
        public Chat(List<ChatMessage> messages) {
            this(messages, ToolUse.NONE);
        }
    }
}
