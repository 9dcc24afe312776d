package dev.troupe.routing.stream;

import dev.troupe.model.chat.ToolCallParser;
import dev.troupe.model.chat.ToolCallParser.Part;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** Turns the text of an answer into text and calls of tools. One per answer, not thread-safe. */
public final class ToolAnswer {
    private final ToolCallParser parser;
    private final boolean parallel;
    private final IntFunction<String> ids;
    private final List<ScoredToken> held = new ArrayList<>(); // of text that may be part of a mark

    /**
     * An answer of which nothing is there yet.
     *
     * @param parallel whether calls after the first are told
     * @param ids of calls, by their index
     */
    public ToolAnswer(ToolCallParser parser, boolean parallel, IntFunction<String> ids) {
        this.parser = parser;
        this.parallel = parallel;
        this.ids = ids;
    }

    /** What an event of the text is when calls are found in it. */
    public List<TextEvent> on(TextEvent event) {
        return switch (event) {
            case TextEvent.Begun begun -> List.of(begun);
            case TextEvent.Piece piece -> {
                held.addAll(piece.tokens());
                yield events(parser.append(piece.text()));
            }
            case TextEvent.Call call -> throw new IllegalStateException("calls are found once");
            case TextEvent.End end -> end(end);
        };
    }

    private List<TextEvent> end(TextEvent.End end) {
        var events = events(parser.finish());
        if (!held.isEmpty()) {
            events.add(new TextEvent.Piece("", takeTokens()));
        }
        boolean calls = end.reason() == FinishReason.STOP && parser.numCalls() > 0;
        events.add(new TextEvent.End(calls ? FinishReason.TOOL_CALLS : end.reason(), end.numTokens(), end.numCached()));
        return events;
    }

    private List<TextEvent> events(List<Part> parts) {
        var events = new ArrayList<TextEvent>();
        for (var part : parts) {
            switch (part) {
                case Part.Text(String text) -> events.add(new TextEvent.Piece(text, takeTokens()));
                case Part.Call(int index, String name, String arguments) -> {
                    if (parallel || index == 0) {
                        var id = name.isEmpty() ? "" : ids.apply(index);
                        events.add(new TextEvent.Call(index, id, name, arguments, takeTokens()));
                    }
                }
            }
        }
        return events;
    }

    private List<ScoredToken> takeTokens() {
        var tokens = List.copyOf(held);
        held.clear();
        return tokens;
    }
}
