package dev.troupe.routing.generate;

import dev.troupe.model.chat.ChatMessage;
import java.util.List;

/** What an answer continues. */
public sealed interface Prompt {
    /** A text as it stands. */
    record Text(String text) implements Prompt {}

    /** Token ids of the model's own tokenizer. */
    record Tokens(List<Integer> ids) implements Prompt {}

    /** A conversation, for the model's chat template. */
    record Chat(List<ChatMessage> messages) implements Prompt {}
}
