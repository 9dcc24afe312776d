package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.chat.ToolCall;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.stream.ScoredToken;
import dev.troupe.routing.stream.TextEvent;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import java.util.List;
import java.util.Optional;

/** Object "text_completion", whole and in chunks alike. */
final class CompletionShape implements AnswerShape {
    /** What the endpoint's ids begin with. */
    static final String ID_PREFIX = "cmpl-";

    private final Tokenizer tokenizer;
    private final boolean logProbs;

    CompletionShape(Tokenizer tokenizer, boolean logProbs) {
        this.tokenizer = tokenizer;
        this.logProbs = logProbs;
    }

    @Override
    public String object(boolean chunk) {
        return "text_completion";
    }

    @Override
    public ObjectNode whole(String text, List<ToolCall> calls, List<ScoredToken> tokens, FinishReason reason) {
        return choice(text, tokens).put("finish_reason", AnswerShape.name(reason));
    }

    @Override
    public Optional<ObjectNode> opening() {
        return Optional.empty();
    }

    @Override
    public ObjectNode piece(String text, List<ScoredToken> tokens) {
        return choice(text, tokens).putNull("finish_reason");
    }

    @Override
    public ObjectNode call(TextEvent.Call call) {
        throw new IllegalStateException("only chats have tools");
    }

    @Override
    public ObjectNode closing(FinishReason reason) {
        return Json.object().put("text", "").putNull("logprobs").put("finish_reason", AnswerShape.name(reason));
    }

    private ObjectNode choice(String text, List<ScoredToken> tokens) {
        var choice = Json.object().put("text", text);
        if (!logProbs) {
            return choice.putNull("logprobs");
        }
        var object = choice.putObject("logprobs");
        var texts = object.putArray("tokens");
        var own = object.putArray("token_logprobs");
        var top = object.putArray("top_logprobs");
        var offsets = object.putArray("text_offset");
        for (var token : tokens) {
            texts.add(text(token.token()));
            offsets.add(token.textOffset());
            if (Double.isNaN(token.logProb())) { // the first token of an echoed prompt
                own.addNull();
                top.addNull();
                continue;
            }
            own.add(token.logProb());
            var others = top.addObject();
            // Of tokens that are spelled alike the most likely one, which comes first.
            token.alternatives()
                    .forEach(other -> others.putIfAbsent(text(other.token()), others.numberNode(other.logProb())));
            others.putIfAbsent(text(token.token()), others.numberNode(token.logProb())); // one more than was asked for
        }
        return choice;
    }

    private String text(int token) {
        return TokenSpelling.of(tokenizer, token, "bytes:");
    }
}
