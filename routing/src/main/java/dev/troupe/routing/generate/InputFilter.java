package dev.troupe.routing.generate;

import dev.troupe.model.chat.ChatMessage;
import dev.troupe.model.chat.ToolCall;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import dev.troupe.safety.filter.TextFilter;
import dev.troupe.safety.filter.Verdict;
import java.util.List;
import java.util.stream.Stream;

/** Judges prompts before a model sees them. */
final class InputFilter {
    private final TextFilter filter;

    InputFilter(TextFilter filter) {
        this.filter = filter;
    }

    /**
     * Passes a prompt, and writes down what was found in it.
     *
     * @param field what clients call the prompt
     * @throws RequestFailure when a rule blocks it
     */
    void judge(String requestId, String field, Prompt prompt, Tokenizer tokenizer) {
        if (filter.passesAll()) {
            return;
        }
        var texts = switch (prompt) {
            case Prompt.Text text -> List.of(text.text());
            case Prompt.Tokens tokens -> List.of(decoded(tokens, tokenizer));
            case Prompt.Chat chat ->
                chat.messages().stream().flatMap(InputFilter::texts).toList();
        };
        for (var text : texts) {
            var verdict = filter.judge(text);
            SafetyLog.report(requestId, "prompt", verdict);
            if (verdict instanceof Verdict.Blocked blocked) {
                throw new RequestFailure(
                        Kind.CONTENT_FILTER,
                        "The prompt was refused by the safety rule '"
                                + blocked.finding().ruleId() + "' ("
                                + blocked.finding().category() + ").",
                        field);
            }
        }
    }

    private static Stream<String> texts(ChatMessage message) {
        return Stream.concat(
                Stream.of(message.content()), message.toolCalls().stream().map(ToolCall::arguments));
    }

    /** Ids outside the vocabulary are refused later, by name. */
    private static String decoded(Prompt.Tokens tokens, Tokenizer tokenizer) {
        return tokenizer.decode(tokens.ids().stream()
                .mapToInt(Integer::intValue)
                .filter(id -> id >= 0 && id < tokenizer.vocabSize())
                .toArray());
    }
}
