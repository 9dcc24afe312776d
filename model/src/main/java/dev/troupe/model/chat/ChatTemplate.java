package dev.troupe.model.chat;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;

/** Turns a chat into the tokens that a model continues. */
public interface ChatTemplate {
    /** The name in configuration: "dictionary" or "plain". */
    String name();

    /** The prompt; never empty unless the vocabulary has no special token and the messages have no text. */
    int[] prompt(List<ChatMessage> messages, Tokenizer tokenizer);

    /**
     * Text at the end of the prompt that belongs to the answer ("heterotroph", which the model continues with "
     * (noun)..."): shown before the generated text; often "".
     */
    default String answerPrefix(List<ChatMessage> messages) {
        return "";
    }

    /** The template of that name. Throws a {@link TroupeException} that lists the names otherwise. */
    static ChatTemplate named(String name) {
        return switch (name) {
            case "dictionary" -> new DictionaryTemplate();
            case "plain" -> new PlainTemplate();
            default ->
                throw new TroupeException("there is no chat template '" + name + "': use 'dictionary' or 'plain'");
        };
    }
}
