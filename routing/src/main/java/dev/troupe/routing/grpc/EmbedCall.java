package dev.troupe.routing.grpc;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import dev.troupe.routing.generate.Embedder;
import dev.troupe.routing.generate.EmbeddingRequest;
import dev.troupe.routing.generate.Embeddings;
import dev.troupe.routing.generate.Embeddings.Vector;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.proto.EmbedInput;
import dev.troupe.routing.proto.EmbedReply;
import dev.troupe.routing.proto.EmbedRequest;
import dev.troupe.routing.proto.Embedding;
import dev.troupe.routing.proto.Usage;
import dev.troupe.routing.route.RequestFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;

/** The method Embed. */
final class EmbedCall {
    private final Embedder embedder;

    EmbedCall(Embedder embedder) {
        this.embedder = embedder;
    }

    /** One reply; cancelling the stream ends the work. Fails with a {@link RequestFailure}. */
    CompletionStage<Source<EmbedReply, NotUsed>> answer(EmbedRequest request, String client, Duration deadline) {
        var log = CallLog.of("grpc/Embed", request.getRequestId());
        return embedder.prepare(read(request, log.id(), client, deadline))
                .whenComplete((ok, failure) -> {
                    if (failure != null) {
                        log.refused(failure);
                    }
                })
                .thenApply(embeddings -> reply(log, embeddings));
    }

    private static Source<EmbedReply, NotUsed> reply(CallLog log, Embeddings embeddings) {
        return embeddings
                .vectors()
                .map(vector -> {
                    log.partEnded();
                    return vector;
                })
                .watchTermination((notUsed, done) -> {
                    done.whenComplete((ok, failure) ->
                            log.ended(embeddings.model(), embeddings.numInputs(), embeddings.promptTokens(), failure));
                    return notUsed;
                })
                // The list is this call's own: embeddings are run once.
                .<List<Vector>>fold(new ArrayList<>(), EmbedCall::plus)
                .map(vectors -> reply(log, embeddings, vectors));
    }

    private static List<Vector> plus(List<Vector> vectors, Vector vector) {
        vectors.add(vector);
        return vectors;
    }

    private static EmbeddingRequest read(EmbedRequest request, String id, String client, Duration deadline) {
        if (request.getInputsCount() == 0) {
            throw new RequestFailure(
                    RequestFailure.Kind.INVALID, "'inputs' is empty: give at least one input.", "inputs");
        }
        if (request.hasDimensions() && request.getDimensions() < 1) {
            throw new RequestFailure(
                    RequestFailure.Kind.INVALID,
                    "'dimensions' must be at least 1, not " + request.getDimensions() + ".",
                    "dimensions");
        }
        return new EmbeddingRequest(
                id,
                request.getModel(),
                "inputs",
                request.getInputsList().stream().map(EmbedCall::prompt).toList(),
                request.hasDimensions() ? OptionalInt.of(request.getDimensions()) : OptionalInt.empty(),
                client,
                deadline);
    }

    private static Prompt prompt(EmbedInput input) {
        return switch (input.getInputCase()) {
            case TEXT -> new Prompt.Text(input.getText());
            case TOKENS -> new Prompt.Tokens(List.copyOf(input.getTokens().getIdsList()));
            case INPUT_NOT_SET -> new Prompt.Text("");
        };
    }

    private static EmbedReply reply(CallLog log, Embeddings embeddings, List<Vector> vectors) {
        var reply = EmbedReply.newBuilder()
                .setRequestId(log.shownId())
                .setModel(embeddings.model().modelId())
                .setModelVersion(embeddings.model().version())
                .setUsage(Usage.newBuilder()
                        .setPromptTokens(embeddings.promptTokens())
                        .setTotalTokens(embeddings.promptTokens()));
        vectors.stream()
                .sorted(Comparator.comparingInt(Vector::index))
                .forEach(vector -> reply.addEmbeddings(Embedding.newBuilder().addAllValues(vector.values())));
        return reply.build();
    }
}
