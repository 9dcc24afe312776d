package dev.troupe.routing.stream;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import dev.troupe.safety.filter.RuleFilter;
import dev.troupe.safety.filter.TextFilter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerTextTest {
    private static final Tokenizer TOKENIZER =
            BpeTrainer.train(List.of("hello world"), 257, List.of(BpeTrainer.END_OF_TEXT), 1);
    private static final TextFilter NO_RULES = new RuleFilter(List.of());

    private static List<TextEvent> feed(AnswerText answer, String text, DispatchEvent end) {
        var events = new ArrayList<TextEvent>();
        int[] tokens = TOKENIZER.encode(text);
        for (int i = 0; i < tokens.length; i++) {
            events.addAll(answer.on(new DispatchEvent.Token(i, tokens[i], -i, List.of())));
            if (!events.isEmpty() && events.getLast() instanceof TextEvent.End) {
                return events;
            }
        }
        events.addAll(answer.on(end));
        return events;
    }

    private static String text(List<TextEvent> events) {
        var text = new StringBuilder();
        for (var event : events) {
            if (event instanceof TextEvent.Piece piece) {
                text.append(piece.text());
            }
        }
        return text.toString();
    }

    private static List<ScoredToken> tokens(List<TextEvent> events) {
        return events.stream()
                .filter(TextEvent.Piece.class::isInstance)
                .flatMap(event -> ((TextEvent.Piece) event).tokens().stream())
                .toList();
    }

    @Test
    void charactersOfSeveralTokensComeWhole() {
        var answer = new AnswerText(TOKENIZER, List.of(), NO_RULES.stream(), "");
        var events = feed(answer, "é🎭ok", new DispatchEvent.Stopped());
        assertThat(text(events)).isEqualTo("é🎭ok");
        assertThat(events).allSatisfy(event -> {
            if (event instanceof TextEvent.Piece piece) {
                assertThat(piece.text()).doesNotContain("\uFFFD");
            }
        });
        assertThat(events.getLast()).isEqualTo(new TextEvent.End(FinishReason.STOP, 8, 0));
        // One score per token, released with the character that it begins or continues.
        assertThat(tokens(events)).hasSize(8);
        assertThat(tokens(events).stream().map(ScoredToken::textOffset)).containsExactly(0, 0, 1, 1, 1, 1, 3, 4);
    }

    @Test
    void anUnfinishedCharacterAtTheEndIsMarked() {
        var answer = new AnswerText(TOKENIZER, List.of(), NO_RULES.stream(), "");
        int[] tokens = TOKENIZER.encode("é");
        var events = new ArrayList<>(answer.on(new DispatchEvent.Token(0, tokens[0], 0, List.of())));
        assertThat(events).isEmpty();
        events.addAll(answer.on(new DispatchEvent.LengthReached()));
        assertThat(text(events)).isEqualTo("\uFFFD");
        assertThat(events.getLast()).isEqualTo(new TextEvent.End(FinishReason.LENGTH, 1, 0));
    }

    @Test
    void aStopStringOverTokenBordersIsNoPartOfTheAnswer() {
        var answer = new AnswerText(TOKENIZER, List.of("STOP"), NO_RULES.stream(), "");
        var events = feed(answer, "one STOP two", new DispatchEvent.Stopped());
        assertThat(text(events)).isEqualTo("one ");
        assertThat(tokens(events)).hasSize(4);
        assertThat(events.getLast()).isEqualTo(new TextEvent.End(FinishReason.STOP, 8, 0));
    }

    @Test
    void aSafetyRuleCutsTheAnswerBeforeItsSpan() {
        var filter = RuleFilter.from(ConfigFactory.parseString("troupe.safety.rules = [{id = secret, category = test,"
                + " kind = literal, pattern = \"xyzzy\", action = block}]"));
        var answer = new AnswerText(TOKENIZER, List.of(), filter.stream(), "say ");
        var events = feed(answer, "the word xyzzy loud", new DispatchEvent.Stopped());
        assertThat(text(events)).isEqualTo("say the word ");
        assertThat(events.getLast())
                .isInstanceOfSatisfying(
                        TextEvent.End.class, end -> assertThat(end.reason()).isEqualTo(FinishReason.CONTENT_FILTER));
    }

    @Test
    void thePrefixComesFirstAndOnlyOnce() {
        var answer = new AnswerText(TOKENIZER, List.of("prefix"), NO_RULES.stream(), "prefix ");
        assertThat(text(feed(answer, "ab", new DispatchEvent.Stopped()))).isEqualTo("prefix ab");
        var empty = new AnswerText(TOKENIZER, List.of(), NO_RULES.stream(), "word");
        assertThat(text(empty.on(new DispatchEvent.Stopped()))).isEqualTo("word");
    }
}
