package dev.troupe.model.chat;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;

/** Turns a chat into the tokens that a model continues. */
public interface ChatTemplate {
    /** The name that chooses by the model. */
    String AUTO = "auto";

    /** The name in configuration: "dictionary", "plain", "chatml", "llama3", "zephyr" or "llama2". */
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
                MarkupTemplate.ALL.stream()
                        .filter(template -> template.name().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new TroupeException("there is no chat template '" + name
                                + "': use auto, dictionary, plain, "
                                + String.join(
                                        ", ",
                                        MarkupTemplate.ALL.stream()
                                                .map(MarkupTemplate::name)
                                                .toList())));
        };
    }

    /**
     * The template for a model: the one called {@code name}; for {@link #AUTO}, the one whose marks are in the Jinja
     * template that came with the model, else the plain one.
     */
    static ChatTemplate forModel(String name, Optional<String> jinja, Tokenizer tokenizer) {
        if (!name.equals(AUTO)) {
            return named(name);
        }
        return jinja.flatMap(text -> MarkupTemplate.of(text, tokenizer)).orElseGet(PlainTemplate::new);
    }
}
