package dev.troupe.model.chat;

import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.stream.Collectors;

/** All messages' texts, one a line, for models without instruction tuning. */
final class PlainTemplate implements ChatTemplate {
    @Override
    public String name() {
        return "plain";
    }

    @Override
    public int[] prompt(List<ChatMessage> messages, Tokenizer tokenizer) {
        String text = messages.stream().map(ChatMessage::content).collect(Collectors.joining("\n"));
        int[] ids = tokenizer.encode(text);
        if (tokenizer.beginOfText().isPresent()) {
            return Prompts.prepend(tokenizer.beginOfText().get(), ids);
        }
        // A model cannot continue nothing; the end of the text before is what comes before a text.
        boolean needsStart = ids.length == 0 && tokenizer.endOfText() != Tokenizer.NO_TOKEN;
        return needsStart ? new int[] {tokenizer.endOfText()} : ids;
    }
}
