package dev.troupe.routing.http;

import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.HttpEntity;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.MediaTypes;
import akka.http.scaladsl.model.EntityStreamSizeException;
import akka.stream.javadsl.Sink;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.actors.serving.AnswerThreads;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.route.RequestFailure;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/** Reads a request's body as JSON, within limits of size and time. */
final class BodyReader {
    /** Of a body that takes less time to read than another thread to wake. */
    private static final int SHORT_BYTES = 4096;

    private final ActorSystem<?> system;
    private final RoutingConfig config;
    private final Executor brief;

    BodyReader(ActorSystem<?> system, RoutingConfig config) {
        this.system = system;
        this.config = config;
        this.brief = system.dispatchers().lookup(AnswerThreads.selector());
    }

    /**
     * What {@code reader} makes of the body, at once where a short one is there, and of a long one not on a thread of
     * answers. Fails with {@link ApiProblem}, status 415, 413, 408 or 400, or with what {@code reader} throws.
     */
    <T> CompletionStage<T> read(HttpRequest request, Function<JsonNode, T> reader) {
        var entity = request.entity();
        var mediaType = entity.getContentType().mediaType();
        if (!mediaType.equals(MediaTypes.APPLICATION_JSON)) {
            return unsupported(
                    request,
                    "unsupported_media_type",
                    "The content type is '" + mediaType + "'; send JSON with 'content-type: application/json'.");
        }
        var coded = request.getHeader("content-encoding")
                .map(header -> header.value().strip())
                .filter(coding -> !coding.equalsIgnoreCase("identity"));
        if (coded.isPresent()) {
            return unsupported(
                    request,
                    "unsupported_content_encoding",
                    "The body is encoded as '" + coded.get() + "'; send it as it is, without 'content-encoding'.");
        }
        OptionalLong length = entity.getContentLengthOption();
        if (length.isPresent() && length.getAsLong() > config.maxBodyBytes()) {
            entity.getDataBytes().runWith(Sink.cancelled(), system);
            return CompletableFuture.failedFuture(tooLarge());
        }
        boolean isShort = length.orElse(Long.MAX_VALUE) <= SHORT_BYTES;
        if (isShort && entity instanceof HttpEntity.Strict strict) {
            // It came with its head, as short ones do: a stream of its own to collect it would cost more than all else.
            return now(() -> parsed(strict, reader));
        }
        // The first limit is the one that counts; the second has to be given too and must not come first.
        return entity.withSizeLimit(config.maxBodyBytes())
                .toStrict(config.bodyTimeout().toMillis(), 2 * config.maxBodyBytes(), system)
                .handleAsync(
                        (strict, failure) -> {
                            if (failure != null) {
                                throw problem(failure);
                            }
                            return parsed(strict, reader);
                        },
                        isShort ? brief : system.executionContext());
    }

    private <T> CompletionStage<T> unsupported(HttpRequest request, String code, String message) {
        request.discardEntityBytes(system);
        return CompletableFuture.failedFuture(new ApiProblem(415, "invalid_request_error", null, code, message));
    }

    private static <T> T parsed(HttpEntity.Strict body, Function<JsonNode, T> reader) {
        return reader.apply(Json.parse(body.getData().toArray()));
    }

    private static <T> CompletionStage<T> now(Supplier<T> work) {
        try {
            return CompletableFuture.completedFuture(work.get());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private RuntimeException problem(Throwable failure) {
        var cause = RequestFailure.cause(failure);
        return switch (cause) {
            case EntityStreamSizeException e -> tooLarge();
            case TimeoutException e ->
                new ApiProblem(
                        408,
                        "timeout_error",
                        null,
                        "body_timeout",
                        "The body did not arrive within " + config.bodyTimeout().toSeconds() + " s.");
            default -> ApiProblem.invalid("The body could not be read: " + cause.getMessage(), null, "unreadable_body");
        };
    }

    private ApiProblem tooLarge() {
        return new ApiProblem(
                413,
                "invalid_request_error",
                null,
                "request_too_large",
                "The body is larger than " + config.maxBodyBytes()
                        + " bytes, the limit of this server (troupe.routing.http.maxBody).");
    }
}
