package dev.troupe.routing.stream;

import dev.troupe.model.tokenizer.StreamingDecoder;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The text of one answer, made of its tokens as they come: complete characters, nothing of a stop string. Tokens are
 * released with the text that they begin in. One per answer, not thread-safe.
 */
public final class AnswerText {
    private final StreamingDecoder decoder;
    private final StopStrings stops;
    private final String prefix;
    /** Tokens whose text is still held back. */
    private final Deque<ScoredToken> held = new ArrayDeque<>();

    private boolean begun;
    private int numTokens;
    /** UTF-16 units that the decoder gave, and those of them that were released. */
    private int decodedLength;

    private int releasedLength;

    /** @param prefix text before the generated one that the client gets too */
    public AnswerText(Tokenizer tokenizer, List<String> stopStrings, String prefix) {
        decoder = new StreamingDecoder(tokenizer);
        stops = new StopStrings(stopStrings);
        this.prefix = prefix;
    }

    /**
     * What the client gets for an event; after a {@link TextEvent.End} nothing more must be asked.
     *
     * @throws dev.troupe.routing.route.RequestFailure when the event is one
     */
    public List<TextEvent> on(DispatchEvent event) {
        return switch (event) {
            case DispatchEvent.Token token -> onToken(token);
            case DispatchEvent.Stopped stopped -> end(FinishReason.STOP);
            case DispatchEvent.LengthReached reached -> end(FinishReason.LENGTH);
            case DispatchEvent.Failed failed -> throw failed.failure();
        };
    }

    private List<TextEvent> onToken(DispatchEvent.Token token) {
        numTokens++;
        held.add(new ScoredToken(token.token(), token.logProb(), decodedLength, token.alternatives()));
        var decoded = decoder.append(token.token());
        decodedLength += decoded.length();
        var events = begin();
        release(stops.append(decoded), false, events);
        if (stops.matched()) {
            events.add(new TextEvent.End(FinishReason.STOP, numTokens));
        }
        return events;
    }

    private List<TextEvent> end(FinishReason reason) {
        var events = begin();
        var rest = decoder.flush();
        decodedLength += rest.length();
        var text = stops.append(rest);
        boolean complete = !stops.matched();
        release(text + stops.flush(), complete, events);
        events.add(new TextEvent.End(complete ? reason : FinishReason.STOP, numTokens));
        return events;
    }

    private List<TextEvent> begin() {
        var events = new ArrayList<TextEvent>();
        if (!begun && !prefix.isEmpty()) {
            events.add(new TextEvent.Piece(prefix, List.of()));
        }
        begun = true;
        return events;
    }

    /** @param everything whether tokens without text of their own go out too */
    private void release(String text, boolean everything, List<TextEvent> events) {
        releasedLength += text.length();
        var tokens = new ArrayList<ScoredToken>();
        while (!held.isEmpty() && (everything || held.getFirst().textOffset() < releasedLength)) {
            tokens.add(held.removeFirst());
        }
        if (!text.isEmpty() || !tokens.isEmpty()) {
            events.add(new TextEvent.Piece(text, List.copyOf(tokens)));
        }
    }
}
