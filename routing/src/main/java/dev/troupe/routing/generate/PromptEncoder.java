package dev.troupe.routing.generate;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.ChatTemplate;
import dev.troupe.model.chat.Conversation;
import dev.troupe.model.chat.ToolFormat;
import dev.troupe.model.jinja.JinjaException;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Turns prompts into a model's tokens, and refuses those that leave it no room to answer. */
final class PromptEncoder {
    private final ModelDescription model;
    private final Tokenizer tokenizer;
    private final String field;

    /**
     * A prompt in tokens.
     *
     * @param shownPrefix what of it belongs to the answer's text
     */
    record Encoded(List<Integer> tokens, String shownPrefix) {}

    PromptEncoder(ModelDescription model, Tokenizer tokenizer, String field) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.field = field;
    }

    /**
     * Encodes a prompt.
     *
     * @param echo whether the prompt belongs to the answer's text
     * @param room fewest tokens that must be left of the context
     */
    Encoded encode(Prompt prompt, boolean echo, int room) {
        var encoded = encoded(prompt, echo);
        if (encoded.tokens().isEmpty()) {
            throw new RequestFailure(
                    Kind.INVALID, "The prompt is empty, and this model cannot begin from nothing.", field);
        }
        if (encoded.tokens().size() + room > model.contextLength()) {
            throw new RequestFailure(
                    Kind.CONTEXT_LENGTH,
                    "This model's maximum context length is " + model.contextLength() + " tokens, but the prompt has "
                            + encoded.tokens().size()
                            + " tokens" + (room > 0 ? ", which leaves no room for an answer" : "")
                            + ". Shorten the prompt.",
                    field);
        }
        return encoded;
    }

    /**
     * A prompt's tokens, of any length: of a text with those that the model was trained to see before it. Whoever gives
     * tokens gets what they say, and puts the first one there, or not.
     */
    List<Integer> tokens(Prompt prompt) {
        return encoded(prompt, false).tokens();
    }

    private Encoded encoded(Prompt prompt, boolean echo) {
        try {
            return switch (prompt) {
                case Prompt.Text text ->
                    new Encoded(begun(boxed(tokenizer.encode(text.text()))), echo ? text.text() : "");
                case Prompt.Tokens tokens ->
                    new Encoded(
                            tokens.ids().isEmpty() ? begun(List.of()) : checked(tokens.ids()),
                            echo ? decoded(tokens.ids()) : "");
                case Prompt.Chat chat -> encoded(chat);
            };
        } catch (TroupeException e) { // of a vocabulary of characters that lacks one, say
            throw new RequestFailure(Kind.INVALID, String.valueOf(e.getMessage()), field);
        }
    }

    private Encoded encoded(Prompt.Chat chat) {
        try {
            var template = ChatTemplate.named(model.chatTemplate(), model.templates());
            var start = chat.tools().isForced()
                    ? template.toolFormat().map(ToolFormat::forcedStart).orElse("")
                    : "";
            var conversation = new Conversation(chat.messages(), chat.tools().tools(), start);
            return new Encoded(
                    boxed(template.prompt(conversation, tokenizer)), template.answerPrefix(conversation.messages()));
        } catch (JinjaException e) {
            var by = e.isRaised() ? "The model's chat template refuses this conversation: " : "";
            throw new RequestFailure(Kind.INVALID, by + e.getMessage(), field);
        }
    }

    /** A sequence starts with the token that the model was trained to see first; an empty one needs some token. */
    private List<Integer> begun(List<Integer> ids) {
        var begin = tokenizer.beginOfText();
        if (begin.isPresent() && (ids.isEmpty() || !ids.getFirst().equals(begin.get()))) {
            var all = new ArrayList<>(begin.stream().toList());
            all.addAll(ids);
            return List.copyOf(all);
        }
        boolean hasEnd = tokenizer.endOfText() != Tokenizer.NO_TOKEN;
        return ids.isEmpty() && hasEnd ? List.of(tokenizer.endOfText()) : ids;
    }

    private List<Integer> checked(List<Integer> ids) {
        for (int id : ids) {
            if (id < 0 || id >= model.vocabSize()) {
                throw new RequestFailure(
                        Kind.INVALID,
                        "Token id " + id + " is not in this model's vocabulary of " + model.vocabSize()
                                + ". A client that makes tokens of text must use this model's tokenizer, or send text.",
                        field);
            }
        }
        return ids;
    }

    private String decoded(List<Integer> ids) {
        return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    private static List<Integer> boxed(int[] ids) {
        return Arrays.stream(ids).boxed().collect(Collectors.toUnmodifiableList());
    }
}
