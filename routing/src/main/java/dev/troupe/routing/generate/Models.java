package dev.troupe.routing.generate;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import dev.troupe.actors.serving.AnswerThreads;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.Resolution;
import dev.troupe.routing.route.Router;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;

/** The models that are served now, by name, with their tokenizers. Thread-safe. */
public final class Models {
    private static final Duration ROUTER_TIMEOUT = Duration.ofSeconds(5);

    private final ActorSystem<?> system;
    private final ActorRef<Router.Command> router;
    private final Executor answers;
    private final Tokenizers tokenizers = new Tokenizers();

    public Models(ActorSystem<?> system, ActorRef<Router.Command> router) {
        this.system = system;
        this.router = router;
        this.answers = system.dispatchers().lookup(AnswerThreads.selector());
    }

    /** As {@link #with(String, boolean, BiFunction)}, whose work may take long. */
    public <T> CompletionStage<T> with(String modelId, BiFunction<ModelDescription, Tokenizer, T> work) {
        return with(modelId, false, work);
    }

    /**
     * Does something with a model. Fails with a {@link dev.troupe.routing.route.RequestFailure} when the model is not
     * served, or with what {@code work} throws.
     *
     * @param modelId may be empty when only one model is served
     * @param brief whether the work is short enough for the threads that carry answers; tokenizing takes time
     */
    public <T> CompletionStage<T> with(String modelId, boolean brief, BiFunction<ModelDescription, Tokenizer, T> work) {
        CompletionStage<Resolution> resolved = AskPattern.ask(
                router, replyTo -> new Router.Resolve(modelId, replyTo), ROUTER_TIMEOUT, system.scheduler());
        return resolved.thenComposeAsync(
                resolution -> switch (resolution) {
                    case Resolution.Found(ModelDescription model) ->
                        brief && tokenizers.has(model)
                                ? CompletableFuture.completedFuture(work.apply(model, tokenizers.of(model)))
                                : CompletableFuture.supplyAsync(
                                        () -> work.apply(model, tokenizers.of(model)), system.executionContext());
                    case Resolution.Missing missing -> throw missing.failure();
                },
                answers);
    }
}
