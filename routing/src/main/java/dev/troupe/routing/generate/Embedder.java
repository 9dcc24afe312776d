package dev.troupe.routing.generate;

import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.stream.javadsl.Source;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.Embeddings.Vector;
import dev.troupe.routing.route.ModelKey;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import dev.troupe.routing.route.Router;
import dev.troupe.safety.filter.TextFilter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;

/** From texts to vectors: each input is a sequence of the router's, a few of one request at a time. */
public final class Embedder {
    /** Sequences of one request that are in the router at once: the others wait here and not in a replica's queue. */
    private static final int MOST_AT_ONCE = 16;
    /** Nothing is drawn. */
    private static final SamplingParameters NO_SAMPLING = new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(), 0, -1);

    private final Models models;
    private final RoutingConfig config;
    private final ActorRef<Router.Command> router;
    private final InputFilter input;

    /** @param filter judges every input */
    public Embedder(Models models, RoutingConfig config, ActorRef<Router.Command> router, TextFilter filter) {
        this.models = models;
        this.config = config;
        this.router = router;
        this.input = new InputFilter(filter);
    }

    /** Checks a request and makes it ready to run; fails with a {@link RequestFailure}. */
    public CompletionStage<Embeddings> prepare(EmbeddingRequest request) {
        return models.with(request.modelId(), (model, tokenizer) -> prepare(request, model, tokenizer));
    }

    private Embeddings prepare(EmbeddingRequest request, ModelDescription model, Tokenizer tokenizer) {
        if (request.inputs().size() > config.maxInputs()) {
            throw new RequestFailure(
                    Kind.INVALID,
                    "'" + request.inputField() + "' has " + request.inputs().size() + " elements; at most "
                            + config.maxInputs() + " can be embedded by one request.",
                    request.inputField());
        }
        var encoder = new PromptEncoder(model, tokenizer, request.inputField());
        List<List<Integer>> prompts = new ArrayList<>();
        for (var prompt : request.inputs()) {
            if (isEmpty(prompt)) {
                throw new RequestFailure(
                        Kind.INVALID,
                        "Element " + prompts.size() + " of '" + request.inputField()
                                + "' is empty: there is nothing to embed.",
                        request.inputField());
            }
            input.judge(request.id(), request.inputField(), prompt, tokenizer);
            prompts.add(encoder.encode(prompt, false, 0).tokens());
        }
        long endNanos = System.nanoTime() + request.deadline().toNanos();
        int promptTokens = prompts.stream().mapToInt(List::size).sum();
        var vectors = Source.from(IntStream.range(0, prompts.size()).boxed().toList())
                .flatMapMerge(MOST_AT_ONCE, index -> vector(request, model, index, prompts.get(index), endNanos));
        return new Embeddings(model, prompts.size(), promptTokens, vectors);
    }

    private static boolean isEmpty(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text text -> text.text().isEmpty();
            case Prompt.Tokens tokens -> tokens.ids().isEmpty();
            case Prompt.Chat chat -> chat.messages().isEmpty();
        };
    }

    private Source<Vector, NotUsed> vector(
            EmbeddingRequest request, ModelDescription model, int index, List<Integer> tokens, long endNanos) {
        var sequence = new GenerationRequest(
                request.id() + "-" + index,
                tokens,
                0,
                List.of(),
                NO_SAMPLING,
                0,
                request.client(),
                PromptOutput.EMBEDDING);
        var client = new VectorClient();
        return Source.lazyCompletionStage(() -> {
                    // One deadline for all inputs, however many have been before this one.
                    var left = Duration.ofNanos(Math.max(1, endNanos - System.nanoTime()));
                    router.tell(new Router.Generate(ModelKey.of(model), sequence, left, client));
                    return client.vector();
                })
                .map(vector ->
                        new Vector(index, cut(vector, request.dimensions().orElse(0))))
                .watchTermination((running, done) -> {
                    done.whenComplete((ok, failure) -> client.leave());
                    return NotUsed.getInstance();
                });
    }

    /**
     * The first numbers of a vector, scaled to length 1 again.
     *
     * @param dimensions how many; 0 for all
     */
    static List<Float> cut(List<Float> vector, int dimensions) {
        if (dimensions > vector.size()) {
            throw new RequestFailure(
                    Kind.INVALID,
                    "'dimensions' is " + dimensions + "; this model's embeddings have " + vector.size() + ".",
                    "dimensions");
        }
        if (dimensions == 0 || dimensions == vector.size()) {
            return vector;
        }
        var part = vector.subList(0, dimensions);
        double length = Math.sqrt(part.stream().mapToDouble(x -> (double) x * x).sum());
        return part.stream().map(x -> length == 0 ? x : (float) (x / length)).toList();
    }
}
