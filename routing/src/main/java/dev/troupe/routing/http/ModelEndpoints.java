package dev.troupe.routing.http;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.http.javadsl.model.HttpResponse;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.routing.route.Resolution;
import dev.troupe.routing.route.Router;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** What is served: {@code /v1/models} and {@code /v1/models/{id}}. */
final class ModelEndpoints {
    private static final Duration ROUTER_TIMEOUT = Duration.ofSeconds(5);

    private final ActorSystem<?> system;
    private final ActorRef<Router.Command> router;

    ModelEndpoints(ActorSystem<?> system, ActorRef<Router.Command> router) {
        this.system = system;
        this.router = router;
    }

    CompletionStage<HttpResponse> list() {
        CompletionStage<Router.ServedModels> served =
                AskPattern.ask(router, Router.ListModels::new, ROUTER_TIMEOUT, system.scheduler());
        return served.thenApply(answer -> {
            var body = Json.object().put("object", "list");
            var data = body.putArray("data");
            answer.models().forEach(model -> data.add(model(model.description())));
            return Replies.json(body);
        });
    }

    CompletionStage<HttpResponse> one(String modelId) {
        CompletionStage<Resolution> answer = AskPattern.ask(
                router, replyTo -> new Router.Resolve(modelId, replyTo), ROUTER_TIMEOUT, system.scheduler());
        return answer.thenApply(resolution -> switch (resolution) {
            case Resolution.Found found -> Replies.json(model(found.model()));
            case Resolution.Missing missing -> throw missing.failure();
        });
    }

    /** OpenAI's fields, then what a client of ours likes to know. */
    private static ObjectNode model(ModelDescription model) {
        return Json.object()
                .put("id", model.modelId())
                .put("object", "model")
                .put("created", model.createdEpochSeconds())
                .put("owned_by", "troupe")
                .put("version", model.version())
                .put("context_length", model.contextLength())
                .put("vocab_size", model.vocabSize())
                .put("chat_template", model.chatTemplate());
    }
}
