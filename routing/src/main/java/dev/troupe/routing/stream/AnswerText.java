package dev.troupe.routing.stream;

import dev.troupe.actors.serving.GenerationEvent.ScoredPromptToken;
import dev.troupe.model.tokenizer.StreamingDecoder;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import dev.troupe.safety.filter.StreamingFilter;
import dev.troupe.safety.filter.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * The text of one answer, made of its tokens as they come: complete characters, nothing of a stop string, nothing that
 * a safety filter blocks. Tokens are released with the text that they begin in. One per answer, not thread-safe.
 */
public final class AnswerText {
    private final StreamingDecoder decoder;
    private final StopStrings stops;
    private final StreamingFilter filter;
    private final String prefix;
    private final PromptPlaces prompt;
    private final Map<Integer, String> marks;
    /** Tokens whose text is still held back. */
    private final Deque<ScoredToken> held = new ArrayDeque<>();

    private boolean begun;
    private int numTokens;
    private int numCached;
    private int numScored; // tokens of the prompt
    /** UTF-16 units that there are, the prefix included, and those of them that were released. */
    private int decodedLength;

    private int releasedLength;

    /** An answer whose prompt is not scored. */
    public AnswerText(Tokenizer tokenizer, List<String> stopStrings, StreamingFilter filter, String prefix) {
        this(tokenizer, stopStrings, filter, prefix, PromptPlaces.NONE, Map.of());
    }

    /**
     * An answer of which nothing is there yet.
     *
     * @param prefix text before the generated one that the client gets too
     * @param prompt where the prompt's tokens are in that text, when they are scored
     * @param marks text of special tokens that is part of the answer's, by id
     */
    public AnswerText(
            Tokenizer tokenizer,
            List<String> stopStrings,
            StreamingFilter filter,
            String prefix,
            PromptPlaces prompt,
            Map<Integer, String> marks) {
        this.prompt = prompt;
        this.marks = Map.copyOf(marks);
        decoder = new StreamingDecoder(tokenizer);
        stops = new StopStrings(stopStrings);
        this.filter = filter;
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
            case DispatchEvent.Begun started -> {
                numCached = started.cachedTokens();
                yield List.of(new TextEvent.Begun());
            }
            case DispatchEvent.PromptScored scored -> {
                hold(scored.tokens());
                yield List.of();
            }
            case DispatchEvent.Embedded embedded -> List.of();
            case DispatchEvent.Stopped stopped -> end(FinishReason.STOP);
            case DispatchEvent.LengthReached reached -> end(FinishReason.LENGTH);
            case DispatchEvent.Failed failed -> throw failed.failure();
        };
    }

    /** What the safety filter found so far. */
    public Verdict verdict() {
        return filter.verdict();
    }

    private List<TextEvent> onToken(DispatchEvent.Token token) {
        var text = begin();
        numTokens++;
        held.add(new ScoredToken(token.token(), token.logProb(), decodedLength, token.alternatives()));
        var mark = marks.get(token.token());
        var decoded = mark == null ? decoder.append(token.token()) : decoder.flush() + mark;
        decodedLength += decoded.length();
        text += filter.append(stops.append(decoded));
        return stops.matched() ? last(text, FinishReason.STOP) : more(text);
    }

    /** The prompt's tokens go out with its text, the first one without a log-probability. */
    private void hold(List<ScoredPromptToken> tokens) {
        if (numScored == 0) {
            held.add(new ScoredToken(prompt.token(0), Double.NaN, prompt.offset(0), List.of()));
            numScored = 1;
        }
        for (var token : tokens) {
            held.add(new ScoredToken(token.token(), token.logProb(), prompt.offset(numScored), token.alternatives()));
            numScored++;
        }
    }

    private List<TextEvent> end(FinishReason reason) {
        var text = begin();
        var rest = decoder.flush();
        decodedLength += rest.length();
        text += filter.append(stops.append(rest));
        boolean stopped = stops.matched();
        text += filter.append(stops.flush());
        return last(text, stopped ? FinishReason.STOP : reason);
    }

    private String begin() {
        if (begun) {
            return "";
        }
        begun = true;
        if (prompt.size() == 1) {
            hold(List.of()); // there were no scores to wait for
        }
        decodedLength = prefix.length();
        return filter.append(prefix);
    }

    private List<TextEvent> more(String text) {
        var events = new ArrayList<TextEvent>();
        release(text, false, events);
        if (filter.isBlocked()) {
            events.add(new TextEvent.End(FinishReason.CONTENT_FILTER, numTokens, numCached));
        }
        return events;
    }

    private List<TextEvent> last(String text, FinishReason reason) {
        var events = new ArrayList<TextEvent>();
        var all = text + filter.finish();
        boolean cut = filter.isBlocked();
        release(all, !cut && !stops.matched(), events);
        events.add(new TextEvent.End(cut ? FinishReason.CONTENT_FILTER : reason, numTokens, numCached));
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
