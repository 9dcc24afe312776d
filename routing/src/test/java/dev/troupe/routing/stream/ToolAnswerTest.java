package dev.troupe.routing.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.chat.ToolCallParser;
import dev.troupe.model.chat.ToolFormat;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Text and calls of one answer, with the tokens that belong to them. */
class ToolAnswerTest {
    private static ScoredToken token(int id) {
        return new ScoredToken(id, -1, id, List.of());
    }

    private static List<TextEvent> events(boolean parallel, FinishReason reason, String... pieces) {
        var answer =
                new ToolAnswer(ToolCallParser.ofText(ToolFormat.HERMES, Set.of("f")), parallel, index -> "id" + index);
        List<TextEvent> events = new ArrayList<>();
        for (int i = 0; i < pieces.length; i++) {
            events.addAll(answer.on(new TextEvent.Piece(pieces[i], List.of(token(i)))));
        }
        events.addAll(answer.on(new TextEvent.End(reason, pieces.length, 0)));
        return events;
    }

    private static List<Integer> tokens(List<TextEvent> events) {
        List<Integer> ids = new ArrayList<>();
        for (var event : events) {
            switch (event) {
                case TextEvent.Begun begun -> {}
                case TextEvent.Piece piece -> piece.tokens().forEach(token -> ids.add(token.token()));
                case TextEvent.Call call -> call.tokens().forEach(token -> ids.add(token.token()));
                case TextEvent.End end -> {}
            }
        }
        return ids;
    }

    private static final String[] TWO = {
        "a",
        " <tool",
        "_call>{\"name\":",
        "\"f\",\"argu",
        "ments\":{",
        "}}</tool_call>",
        "<tool_call>",
        "{\"name\":\"f\"}",
        "</tool_call>",
        "\n"
    };

    @Test
    void everyTokenGoesOutOnceAndInOrder() {
        var events = events(true, FinishReason.STOP, TWO);
        assertThat(tokens(events)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(events.getFirst()).isEqualTo(new TextEvent.Piece("a", List.of(token(0))));
        assertThat(events).contains(new TextEvent.Call(0, "id0", "f", "", List.of(token(1), token(2), token(3))));
        assertThat(events.getLast()).isEqualTo(new TextEvent.End(FinishReason.TOOL_CALLS, 10, 0));
    }

    @Test
    void withoutParallelCallsOnlyTheFirstIsTold() {
        var events = events(false, FinishReason.STOP, TWO);
        assertThat(tokens(events)).hasSize(10);
        assertThat(events.stream()
                        .filter(event -> event instanceof TextEvent.Call call && call.index() > 0)
                        .toList())
                .isEmpty();
    }

    @Test
    void anAnswerThatIsCutStaysCut() {
        assertThat(events(true, FinishReason.LENGTH, TWO).getLast())
                .isEqualTo(new TextEvent.End(FinishReason.LENGTH, 10, 0));
        assertThat(events(true, FinishReason.STOP, "no call").getLast())
                .isEqualTo(new TextEvent.End(FinishReason.STOP, 1, 0));
    }
}
