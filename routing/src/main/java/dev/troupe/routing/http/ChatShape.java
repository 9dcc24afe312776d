package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.chat.ToolCall;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.stream.ScoredToken;
import dev.troupe.routing.stream.TextEvent;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import java.util.List;
import java.util.Optional;

/** Objects "chat.completion" and "chat.completion.chunk". */
final class ChatShape implements AnswerShape {
    /** What the endpoint's ids begin with. */
    static final String ID_PREFIX = "chatcmpl-";

    private final Tokenizer tokenizer;
    private final boolean logProbs;

    ChatShape(Tokenizer tokenizer, boolean logProbs) {
        this.tokenizer = tokenizer;
        this.logProbs = logProbs;
    }

    @Override
    public String object(boolean chunk) {
        return chunk ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public ObjectNode whole(String text, List<ToolCall> calls, List<ScoredToken> tokens, FinishReason reason) {
        var choice = Json.object();
        var message = choice.putObject("message")
                .put("role", "assistant")
                .put("content", text.isEmpty() && !calls.isEmpty() ? null : text)
                .putNull("refusal");
        message.putArray("annotations");
        if (!calls.isEmpty()) {
            var list = message.putArray("tool_calls");
            calls.forEach(call -> list.addObject()
                    .put("id", call.id())
                    .put("type", "function")
                    .putObject("function")
                    .put("name", call.name())
                    .put("arguments", call.arguments()));
        }
        addLogProbs(choice, tokens);
        return choice.put("finish_reason", AnswerShape.name(reason));
    }

    @Override
    public Optional<ObjectNode> opening() {
        var choice = Json.object();
        choice.putObject("delta").put("role", "assistant").put("content", "").putNull("refusal");
        return Optional.of(choice.putNull("logprobs").putNull("finish_reason"));
    }

    @Override
    public ObjectNode piece(String text, List<ScoredToken> tokens) {
        var choice = Json.object();
        choice.putObject("delta").put("content", text);
        addLogProbs(choice, tokens);
        return choice.putNull("finish_reason");
    }

    @Override
    public ObjectNode call(TextEvent.Call call) {
        var choice = Json.object();
        var node = choice.putObject("delta").putArray("tool_calls").addObject().put("index", call.index());
        if (call.name().isEmpty()) {
            node.putObject("function").put("arguments", call.arguments());
        } else {
            node.put("id", call.id())
                    .put("type", "function")
                    .putObject("function")
                    .put("name", call.name())
                    .put("arguments", call.arguments());
        }
        addLogProbs(choice, call.tokens());
        return choice.putNull("finish_reason");
    }

    @Override
    public ObjectNode closing(FinishReason reason) {
        var choice = Json.object();
        choice.putObject("delta");
        return choice.putNull("logprobs").put("finish_reason", AnswerShape.name(reason));
    }

    private void addLogProbs(ObjectNode choice, List<ScoredToken> tokens) {
        if (!logProbs) {
            choice.putNull("logprobs");
            return;
        }
        var object = choice.putObject("logprobs");
        TokenScores.add(object.putArray("content"), tokens, tokenizer);
        object.putNull("refusal");
    }
}
