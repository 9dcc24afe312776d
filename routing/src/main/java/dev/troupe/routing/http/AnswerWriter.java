package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.TokenUsage;
import dev.troupe.routing.stream.CollectedCalls;
import dev.troupe.routing.stream.ScoredToken;
import dev.troupe.routing.stream.TextEvent;
import java.util.ArrayList;
import java.util.List;

/** Writes the answers of one request as OpenAI's objects: all at once, or chunk by chunk. Not thread-safe. */
final class AnswerWriter {
    private final AnswerId answer;
    private final AnswerShape shape;
    private final Generation generation;
    private final boolean includeUsage;
    private final boolean[] opened;
    private final TokenUsage usage;

    AnswerWriter(AnswerId answer, AnswerShape shape, Generation generation, boolean includeUsage) {
        this.answer = answer;
        this.shape = shape;
        this.generation = generation;
        this.includeUsage = includeUsage;
        usage = new TokenUsage(generation);
        opened = new boolean[generation.numChoices()];
    }

    /** The whole answer, from all events of it. */
    ObjectNode whole(List<ChoiceEvent> events) {
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

    /** The chunks that an event of a stream becomes. */
    List<ObjectNode> chunks(ChoiceEvent event) {
        var chunks = new ArrayList<ObjectNode>();
        int choice = event.choice();
        if (!opened[choice]) {
            opened[choice] = true;
            shape.opening().ifPresent(node -> chunks.add(chunk(choice, node)));
        }
        chunks.add(chunk(
                choice,
                switch (event.event()) {
                    case TextEvent.Piece piece -> shape.piece(piece.text(), piece.tokens());
                    case TextEvent.Call call -> shape.call(call);
                    case TextEvent.End end -> {
                        usage.ended(choice, end);
                        yield shape.closing(end.reason());
                    }
                }));
        return chunks;
    }

    /** What follows the last event: token counts, when asked for. */
    List<ObjectNode> lastChunks() {
        if (!includeUsage) {
            return List.of();
        }
        var body = envelope(true);
        body.putArray("choices");
        addUsage(body);
        return List.of(body);
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

    private void addUsage(ObjectNode body) {
        body.putObject("usage")
                .put("prompt_tokens", usage.promptTokens())
                .put("completion_tokens", usage.completionTokens())
                .put("total_tokens", usage.totalTokens())
                .putObject("prompt_tokens_details")
                .put("cached_tokens", usage.cachedTokens());
    }
}
