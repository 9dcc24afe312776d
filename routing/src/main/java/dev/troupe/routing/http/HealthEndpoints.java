package dev.troupe.routing.http;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.http.javadsl.model.HttpResponse;
import dev.troupe.routing.route.Router;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Probes: {@code /healthz} says that the process lives, {@code /readyz} that requests can be answered. */
final class HealthEndpoints {
    private static final Duration ROUTER_TIMEOUT = Duration.ofSeconds(2);

    private final ActorSystem<?> system;
    private final ActorRef<Router.Command> router;

    HealthEndpoints(ActorSystem<?> system, ActorRef<Router.Command> router) {
        this.system = system;
        this.router = router;
    }

    CompletionStage<HttpResponse> alive() {
        return CompletableFuture.completedFuture(Replies.json(Json.object().put("status", "ok")));
    }

    /** Status 503 while no model is served and during shutdown. */
    CompletionStage<HttpResponse> ready() {
        CompletionStage<Router.ServedModels> served =
                AskPattern.ask(router, Router.ListModels::new, ROUTER_TIMEOUT, system.scheduler());
        return served.thenApply(answer -> {
            var body = Json.object().put("status", status(answer));
            var models = body.putArray("models");
            answer.models().forEach(model -> models.add(model.description().modelId()));
            return Replies.json(answer.ready() ? 200 : 503, body);
        });
    }

    private static String status(Router.ServedModels served) {
        if (served.draining()) {
            return "draining";
        }
        return served.ready() ? "ready" : "loading";
    }
}
