package dev.troupe.routing.generate;

import akka.actor.typed.ActorSystem;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.ServedModel;
import dev.troupe.routing.route.ServedNow;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;

/** The models that are served now, by name, with their tokenizers. Thread-safe. */
public final class Models {
    private final Executor longWork;
    private final ServedNow served;
    private final Tokenizers tokenizers = new Tokenizers();

    public Models(ActorSystem<?> system, ServedNow served) {
        this.longWork = system.executionContext();
        this.served = served;
    }

    /** The newest version of each, by name. */
    public List<ServedModel> all() {
        return served.models();
    }

    /**
     * The one that a name means; an empty name means the only one.
     *
     * @throws RequestFailure when it is not served
     */
    public ModelDescription named(String modelId) {
        return served.resolve(modelId).description();
    }

    /** As {@link #with(String, boolean, BiFunction)}, whose work may take long. */
    public <T> CompletionStage<T> with(String modelId, BiFunction<ModelDescription, Tokenizer, T> work) {
        return with(modelId, false, work);
    }

    /**
     * Does something with a model. Fails with a {@link RequestFailure} when the model is not served, or with what
     * {@code work} throws.
     *
     * @param modelId may be empty when only one model is served
     * @param brief whether the work is short enough for the calling thread, one that carries answers; tokenizing takes
     *     time
     */
    public <T> CompletionStage<T> with(String modelId, boolean brief, BiFunction<ModelDescription, Tokenizer, T> work) {
        try {
            ModelDescription model = named(modelId);
            return brief && tokenizers.has(model)
                    ? CompletableFuture.completedFuture(work.apply(model, tokenizers.of(model)))
                    : CompletableFuture.supplyAsync(() -> work.apply(model, tokenizers.of(model)), longWork);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
