package dev.troupe.routing.http;

import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.HttpResponse;
import akka.stream.KillSwitches;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.Embedder;
import dev.troupe.routing.generate.EmbeddingRequest;
import dev.troupe.routing.generate.Embeddings;
import dev.troupe.routing.generate.Embeddings.Vector;
import dev.troupe.routing.generate.Prompt;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;

/** {@code /v1/embeddings}: a vector for each input. */
final class EmbeddingEndpoint implements Endpoint {
    static final String PATH = "/v1/embeddings";

    private final ActorSystem<?> system;
    private final RoutingConfig config;
    private final BodyReader bodies;
    private final Embedder embedder;

    EmbeddingEndpoint(ActorSystem<?> system, RoutingConfig config, Embedder embedder) {
        this.system = system;
        this.config = config;
        this.bodies = new BodyReader(system, config);
        this.embedder = embedder;
    }

    /** @param base64 whether vectors go out as little-endian float32 in base64, which is shorter than numbers */
    private record Call(String model, List<Prompt> inputs, OptionalInt dimensions, boolean base64, String user) {}

    private record Prepared(Call call, Embeddings embeddings) {}

    @Override
    public CompletionStage<HttpResponse> handle(Exchange exchange) {
        var id = AnswerId.random("embd-");
        return bodies.read(exchange.request(), EmbeddingEndpoint::read)
                .thenCompose(call -> prepare(id, exchange, call))
                .whenComplete((ok, failure) -> {
                    if (failure != null) {
                        AnswerLog.refused(PATH, exchange, failure);
                    }
                })
                .thenCompose(prepared -> run(exchange, id, prepared.call(), prepared.embeddings()));
    }

    private CompletionStage<Prepared> prepare(String id, Exchange exchange, Call call) {
        return embedder.prepare(new EmbeddingRequest(
                        id,
                        call.model(),
                        "input",
                        call.inputs(),
                        call.dimensions(),
                        exchange.caller().client(call.user()),
                        config.requestDeadline()))
                .thenApply(embeddings -> new Prepared(call, embeddings));
    }

    private static Call read(JsonNode body) {
        var fields = RequestFields.ofBody(body);
        var model = fields.requiredString("model");
        var inputs = PromptFields.prompts(fields.required("input"), "input");
        var dimensions = fields.integer("dimensions");
        if (dimensions.isPresent() && dimensions.getAsInt() < 1) {
            throw ApiProblem.invalid(
                    "'dimensions' must be at least 1, not " + dimensions.getAsInt() + ".",
                    "dimensions",
                    "invalid_value");
        }
        boolean base64 = switch (fields.string("encoding_format").orElse("float")) {
            case "float" -> false;
            case "base64" -> true;
            case String other ->
                throw ApiProblem.invalid(
                        "'encoding_format' is '" + other + "'; it must be 'float' or 'base64'.",
                        "encoding_format",
                        "invalid_value");
        };
        var user = fields.string("user").orElse("");
        fields.rejectUnknown();
        return new Call(model, inputs, dimensions, base64, user);
    }

    private CompletionStage<HttpResponse> run(Exchange exchange, String id, Call call, Embeddings embeddings) {
        var log = new AnswerLog(
                PATH, exchange, id, embeddings.model(), embeddings.numInputs(), embeddings.promptTokens());
        var running = embeddings
                .vectors()
                .viaMat(KillSwitches.single(), Keep.right())
                .map(vector -> {
                    log.partEnded(0);
                    return vector;
                })
                .watchTermination((killSwitch, done) -> {
                    done.whenComplete((ok, failure) -> log.ended(failure));
                    return killSwitch;
                })
                .toMat(Sink.seq(), Keep.both())
                .run(system);
        exchange.connection().abortOnClose(running.first()::abort);
        return running.second()
                .thenApplyAsync(
                        vectors -> Replies.json(body(embeddings, vectors, call.base64())), system.executionContext());
    }

    private static ObjectNode body(Embeddings embeddings, List<Vector> vectors, boolean base64) {
        var body = Json.object().put("object", "list");
        var data = body.putArray("data");
        for (var vector :
                vectors.stream().sorted(Comparator.comparingInt(Vector::index)).toList()) {
            var item = data.addObject().put("object", "embedding").put("index", vector.index());
            if (base64) {
                item.put("embedding", base64(vector.values()));
            } else {
                var array = item.putArray("embedding");
                vector.values().forEach(array::add);
            }
        }
        body.put("model", embeddings.model().modelId());
        body.putObject("usage")
                .put("prompt_tokens", embeddings.promptTokens())
                .put("total_tokens", embeddings.promptTokens());
        return body;
    }

    private static String base64(List<Float> values) {
        var bytes = ByteBuffer.allocate(values.size() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        values.forEach(bytes::putFloat);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
