package dev.troupe.routing.http;

import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.HttpResponse;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.generate.Tokenization;
import dev.troupe.routing.generate.Tokenization.Detokenized;
import dev.troupe.routing.generate.Tokenization.Tokenized;
import dev.troupe.routing.generate.ToolUse;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** {@code /v1/tokenize} and {@code /v1/detokenize}, which OpenAI's API has not. */
final class TokenEndpoints {
    static final String TOKENIZE = "/v1/tokenize";
    static final String DETOKENIZE = "/v1/detokenize";

    private final BodyReader bodies;
    private final Tokenization tokenization;

    TokenEndpoints(ActorSystem<?> system, RoutingConfig config, Tokenization tokenization) {
        this.bodies = new BodyReader(system, config);
        this.tokenization = tokenization;
    }

    CompletionStage<HttpResponse> tokenize(Exchange exchange) {
        return answer(exchange, TOKENIZE, this::tokenize);
    }

    CompletionStage<HttpResponse> detokenize(Exchange exchange) {
        return answer(exchange, DETOKENIZE, this::detokenize);
    }

    private CompletionStage<HttpResponse> answer(
            Exchange exchange, String path, Function<JsonNode, CompletionStage<HttpResponse>> work) {
        return bodies.read(exchange.request(), work)
                .thenCompose(answer -> answer)
                .whenComplete((ok, failure) -> {
                    if (failure != null) {
                        AnswerLog.refused(path, exchange, failure);
                    }
                });
    }

    /** Of {@code prompt}, a text, or {@code messages}, with the {@code tools} that a request to answer them has. */
    private CompletionStage<HttpResponse> tokenize(JsonNode body) {
        var fields = RequestFields.ofBody(body);
        var model = fields.requiredString("model");
        var text = fields.string("prompt");
        var messages = fields.any("messages");
        if (text.isPresent() == messages.isPresent()) {
            throw ApiProblem.invalid("Give one of 'prompt' and 'messages'.", "prompt", "invalid_value");
        }
        boolean special = fields.bool("add_special_tokens", true);
        boolean pieces = fields.bool("return_pieces", false);
        var tools = messages.isPresent() ? ToolReader.ofChat(fields) : ToolUse.NONE;
        fields.rejectUnknown();
        Prompt prompt = text.<Prompt>map(Prompt.Text::new)
                .orElseGet(() -> new Prompt.Chat(MessageReader.messages(messages.orElseThrow()), tools));
        return tokenization
                .tokenize(model, text.isPresent() ? "prompt" : "messages", prompt, special, pieces)
                .thenApply(tokenized -> body(tokenized, pieces));
    }

    private static HttpResponse body(Tokenized tokenized, boolean pieces) {
        var body = Json.object()
                .put("model", tokenized.model().modelId())
                .put("count", tokenized.tokens().size())
                .put("context_length", tokenized.model().contextLength());
        var tokens = body.putArray("tokens");
        tokenized.tokens().forEach(tokens::add);
        if (pieces) {
            var array = body.putArray("pieces");
            for (var piece : tokenized.pieces()) {
                var bytes = array.addObject().put("text", piece.text()).putArray("bytes");
                piece.bytes().forEach(bytes::add);
            }
        }
        return Replies.json(body);
    }

    private CompletionStage<HttpResponse> detokenize(JsonNode body) {
        var fields = RequestFields.ofBody(body);
        var model = fields.requiredString("model");
        var tokens = RequestFields.array(fields.required("tokens"), "tokens");
        fields.rejectUnknown();
        return tokenization
                .detokenize(model, PromptFields.tokens(tokens, "tokens").ids())
                .thenApply(TokenEndpoints::body);
    }

    private static HttpResponse body(Detokenized detokenized) {
        return Replies.json(
                Json.object().put("model", detokenized.model().modelId()).put("text", detokenized.text()));
    }
}
