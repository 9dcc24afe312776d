package dev.troupe.routing.http;

import akka.util.ByteString;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.TokenUsage;
import dev.troupe.routing.stream.CollectedCalls;
import dev.troupe.routing.stream.ScoredToken;
import dev.troupe.routing.stream.TextEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chats and completions: whole answers and chunks of them are objects with a list of choices. */
final class ChoicesWriter implements AnswerWriter {
    private static final ByteString DONE = ByteString.fromString("data: [DONE]\n\n");

    private final AnswerId answer;
    private final AnswerShape shape;
    private final Generation generation;
    private final boolean includeUsage;
    private final boolean[] opened;
    private final boolean tellsTokens;
    private final @Nullable EventFrame[] pieces; // by choice
    private final TokenUsage usage;

    /** @param tellsTokens whether answers carry their tokens' log-probabilities */
    ChoicesWriter(
            AnswerId answer, AnswerShape shape, Generation generation, boolean includeUsage, boolean tellsTokens) {
        this.tellsTokens = tellsTokens;
        this.answer = answer;
        this.shape = shape;
        this.generation = generation;
        this.includeUsage = includeUsage;
        usage = new TokenUsage(generation);
        opened = new boolean[generation.numChoices()];
        pieces = new EventFrame[generation.numChoices()];
    }

    /** Writers of an endpoint's answers. */
    static Factory of(AnswerShape.Factory shapes) {
        return (id, generation, request) -> {
            var shape = shapes.create(generation.tokenizer(), request.tellsTokens());
            return new ChoicesWriter(id, shape, generation, request.includeUsage(), request.tellsTokens());
        };
    }

    @Override
    public ObjectNode whole(List<ChoiceEvent> events) {
        var body = envelope(false);
        var choices = body.putArray("choices");
        for (int choice = 0; choice < generation.numChoices(); choice++) {
            var text = new StringBuilder();
            var tokens = new ArrayList<ScoredToken>();
            var calls = new CollectedCalls();
            for (var event : events) {
                if (event.choice() != choice) {
                    continue;
                }
                switch (event.event()) {
                    case TextEvent.Begun begun -> {}
                    case TextEvent.Piece piece -> {
                        text.append(piece.text());
                        tokens.addAll(piece.tokens());
                    }
                    case TextEvent.Call call -> {
                        calls.add(call);
                        tokens.addAll(call.tokens());
                    }
                    case TextEvent.End end -> {
                        usage.ended(choice, end);
                        choices.add(shape.whole(text.toString(), calls.calls(), tokens, end.reason())
                                .put("index", choice));
                    }
                }
            }
        }
        addUsage(body);
        return body;
    }

    @Override
    public ByteString frames(ChoiceEvent event) {
        int choice = event.choice();
        ByteString opening = ByteString.emptyByteString();
        if (!opened[choice]) {
            opened[choice] = true;
            opening = shape.opening()
                    .map(node -> EventFrame.of(chunk(choice, node)))
                    .orElse(opening);
        }
        return opening.concat(
                switch (event.event()) {
                    case TextEvent.Begun begun -> {
                        if (!tellsTokens) {
                            pieceFrame(choice); // there is time now
                        }
                        yield ByteString.emptyByteString();
                    }
                    case TextEvent.Piece piece -> piece(choice, piece);
                    case TextEvent.Call call -> EventFrame.of(chunk(choice, shape.call(call)));
                    case TextEvent.End end -> {
                        usage.ended(choice, end);
                        yield EventFrame.of(chunk(choice, shape.closing(end.reason())));
                    }
                });
    }

    /** Nearly all frames are these, and all of one choice differ in their text only, unless tokens are told, too. */
    private ByteString piece(int choice, TextEvent.Piece piece) {
        if (tellsTokens) {
            return EventFrame.of(chunk(choice, shape.piece(piece.text(), piece.tokens())));
        }
        return pieceFrame(choice).with(piece.text());
    }

    private EventFrame pieceFrame(int choice) {
        var frame = pieces[choice];
        if (frame == null) {
            // An id is in a frame once, and nothing else begins with it.
            var mark = answer.id() + "/text";
            frame = EventFrame.around(mark, chunk(choice, shape.piece(mark, List.of())));
            pieces[choice] = frame;
        }
        return frame;
    }

    /** Token counts, when asked for, and the mark of the end. */
    @Override
    public ByteString lastFrames() {
        if (!includeUsage) {
            return DONE;
        }
        var body = envelope(true);
        body.putArray("choices");
        addUsage(body);
        return EventFrame.of(body).concat(DONE);
    }

    @Override
    public ByteString failure(ApiProblem problem) {
        return EventFrame.of(problem.body());
    }

    private ObjectNode chunk(int choice, ObjectNode node) {
        var body = envelope(true);
        body.putArray("choices").add(node.put("index", choice));
        if (includeUsage) {
            body.putNull("usage");
        }
        return body;
    }

    private ObjectNode envelope(boolean chunk) {
        return Json.object()
                .put("id", answer.id())
                .put("object", shape.object(chunk))
                .put("created", answer.created())
                .put("model", answer.model().modelId())
                .put("system_fingerprint", answer.model().version());
    }

    /** With all details that OpenAI's has: clients read them without looking. */
    private void addUsage(ObjectNode body) {
        var counts = body.putObject("usage")
                .put("prompt_tokens", usage.promptTokens())
                .put("completion_tokens", usage.completionTokens())
                .put("total_tokens", usage.totalTokens());
        counts.putObject("prompt_tokens_details")
                .put("cached_tokens", usage.cachedTokens())
                .put("audio_tokens", 0);
        counts.putObject("completion_tokens_details")
                .put("reasoning_tokens", 0)
                .put("audio_tokens", 0)
                .put("accepted_prediction_tokens", 0)
                .put("rejected_prediction_tokens", 0);
    }
}
