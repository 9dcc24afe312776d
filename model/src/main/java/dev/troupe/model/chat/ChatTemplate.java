package dev.troupe.model.chat;

import dev.troupe.model.TroupeException;
import dev.troupe.model.jinja.JinjaException;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;

/** Turns a chat into the tokens that a model continues. */
public interface ChatTemplate {
    /** The name that chooses by the model. */
    String AUTO = "auto";

    /** The name in configuration: "model", "dictionary", "plain", "chatml", "llama3", "zephyr" or "llama2". */
    String name();

    /** The prompt; never empty unless the vocabulary has no special token and the messages have no text. */
    int[] prompt(List<ChatMessage> messages, Tokenizer tokenizer);

    /**
     * The prompt of messages that may speak of tools.
     *
     * @throws TroupeException when the template has no place for what is in the conversation, or refuses it
     */
    default int[] prompt(Conversation conversation, Tokenizer tokenizer) {
        boolean speaksOfTools = !conversation.tools().isEmpty()
                || conversation.messages().stream()
                        .anyMatch(message -> message.role().equals("tool")
                                || !message.toolCalls().isEmpty());
        if (speaksOfTools) {
            throw new TroupeException("the chat template '" + name()
                    + "' cannot show tools: serve a model whose own template can (chatTemplate = auto)");
        }
        return prompt(conversation.messages(), tokenizer);
    }

    /** Whether it is the Jinja template that came with the model. */
    default boolean isModelsOwn() {
        return false;
    }

    /** How calls of tools are written after this template; empty when it has no place for tools. */
    default Optional<ToolFormat> toolFormat() {
        return Optional.empty();
    }

    /**
     * Text at the end of the prompt that belongs to the answer ("heterotroph", which the model continues with "
     * (noun)..."): shown before the generated text; often "".
     */
    default String answerPrefix(List<ChatMessage> messages) {
        return "";
    }

    /**
     * The template of that name. Throws a {@link TroupeException} that lists the names otherwise.
     *
     * @param own the model's own, which "model" runs
     */
    static ChatTemplate named(String name, TemplateTexts own) {
        return name.equals(ModelTemplate.NAME) && own.main().isPresent() ? ModelTemplate.of(own) : named(name);
    }

    /** The template of that name, which is not the model's own. Throws a {@link TroupeException} as above otherwise. */
    static ChatTemplate named(String name) {
        return switch (name) {
            case "dictionary" -> new DictionaryTemplate();
            case "plain" -> new PlainTemplate();
            default ->
                MarkupTemplate.ALL.stream()
                        .filter(template -> template.name().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new TroupeException("there is no chat template '" + name
                                + "': use auto, model (when one comes with it), dictionary, plain, "
                                + String.join(
                                        ", ",
                                        MarkupTemplate.ALL.stream()
                                                .map(MarkupTemplate::name)
                                                .toList())));
        };
    }

    /**
     * The template for a model: the one called {@code name}; for {@link #AUTO}, the Jinja template that came with the
     * model, else the plain one.
     *
     * @throws TroupeException when the model's own is wanted and cannot be read; it names the line
     */
    static ChatTemplate forModel(String name, TemplateTexts own) {
        if (!name.equals(AUTO)) {
            return named(name, own);
        }
        try {
            return own.main().isPresent() ? ModelTemplate.of(own) : new PlainTemplate();
        } catch (JinjaException e) {
            throw new TroupeException(
                    e.getMessage() + " (troupe.serving.chatTemplate can name another: plain, chatml, llama3, ...)", e);
        }
    }
}
