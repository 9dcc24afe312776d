package dev.troupe.routing.http;

import akka.http.javadsl.model.HttpResponse;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.routing.generate.Models;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What is served: {@code /v1/models} and {@code /v1/models/{id}}. */
final class ModelEndpoints {
    private final Models models;

    ModelEndpoints(Models models) {
        this.models = models;
    }

    CompletionStage<HttpResponse> list() {
        var body = Json.object().put("object", "list");
        var data = body.putArray("data");
        models.all().forEach(model -> data.add(model(model.description())));
        return CompletableFuture.completedFuture(Replies.json(body));
    }

    CompletionStage<HttpResponse> one(String modelId) {
        return CompletableFuture.completedFuture(Replies.json(model(models.named(modelId))));
    }

    /** OpenAI's fields, then what a client of ours likes to know. */
    private static ObjectNode model(ModelDescription model) {
        var json = Json.object()
                .put("id", model.modelId())
                .put("object", "model")
                .put("created", model.createdEpochSeconds())
                .put("owned_by", "troupe")
                .put("version", model.version())
                .put("context_length", model.contextLength())
                .put("vocab_size", model.vocabSize())
                .put("chat_template", model.chatTemplate());
        json.putObject("sampling_defaults")
                .put("temperature", model.sampling().temperature())
                .put("top_k", model.sampling().topK())
                .put("top_p", model.sampling().topP())
                .put("min_p", model.sampling().minP())
                .put("repetition_penalty", model.sampling().repetitionPenalty());
        return json;
    }
}
