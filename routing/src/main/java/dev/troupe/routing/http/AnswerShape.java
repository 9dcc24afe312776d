package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.chat.ToolCall;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.stream.ScoredToken;
import dev.troupe.routing.stream.TextEvent;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The JSON of one of OpenAI's two endpoints whose answers are lists of choices. */
interface AnswerShape {
    /** Value of "object" in a whole answer, and in a chunk of a stream. */
    String object(boolean chunk);

    /** The element of "choices" for a whole answer. */
    ObjectNode whole(String text, List<ToolCall> calls, List<ScoredToken> tokens, FinishReason reason);

    /** The first chunk of a choice, before its text, if the endpoint has one. */
    Optional<ObjectNode> opening();

    /** A chunk of text. */
    ObjectNode piece(String text, List<ScoredToken> tokens);

    /** A chunk of a call; only of a chat. */
    ObjectNode call(TextEvent.Call call);

    /** The last chunk of a choice. */
    ObjectNode closing(FinishReason reason);

    /** Makes the shape of an endpoint; answers carry log-probabilities or not. */
    @FunctionalInterface
    interface Factory {
        AnswerShape create(Tokenizer tokenizer, boolean logProbs);
    }

    static String name(FinishReason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }
}
