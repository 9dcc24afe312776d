package dev.troupe.routing.grpc;

import akka.actor.typed.ActorSystem;
import akka.grpc.GrpcServiceException;
import akka.grpc.javadsl.GrpcExceptionHandler;
import akka.grpc.javadsl.GrpcMarshalling;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.RequestEntity;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.model.headers.RawHeader;
import akka.http.scaladsl.model.EntityStreamSizeException;
import akka.japi.function.Function;
import akka.util.ByteString;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.route.RequestFailure;
import io.grpc.Status;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What a call may send: one message, not compressed, within the limits of size and time that bodies over HTTP have.
 * Akka gRPC itself takes messages of up to 2 GB, and unpacks what is compressed to any size, before anybody has looked
 * at the caller's key. Reflection is a conversation without an end; its messages have the limit of size together.
 */
final class CallLimits implements Function<HttpRequest, CompletionStage<HttpResponse>> {
    private static final long serialVersionUID = 1L;
    private static final String ENCODING = "grpc-encoding";
    private static final String IDENTITY = "identity";
    /** Bytes before each message: whether it is compressed, and its length. */
    private static final int FRAME_HEAD = 5;

    /** Bodies that are too large are read up to so many times the limit. */
    private static final int MOST_READ = 8;

    private final transient ActorSystem<?> system;
    private final transient RoutingConfig config;
    private final transient Set<String> services;
    private final transient Function<HttpRequest, CompletionStage<HttpResponse>> calls;

    /**
     * @param services whose calls have one message
     * @param calls gets what is within the limits
     */
    CallLimits(
            ActorSystem<?> system,
            RoutingConfig config,
            Set<String> services,
            Function<HttpRequest, CompletionStage<HttpResponse>> calls) {
        this.system = system;
        this.config = config;
        this.services = Set.copyOf(services);
        this.calls = calls;
    }

    @Override
    public CompletionStage<HttpResponse> apply(HttpRequest request) throws Exception {
        boolean compressed = request.getHeader(ENCODING)
                .filter(header -> !header.value().equals(IDENTITY))
                .isPresent();
        if (compressed) {
            request.discardEntityBytes(system);
            return refused(request, Status.UNIMPLEMENTED.withDescription("Send messages without compression."))
                    .thenApply(response -> response.addHeader(RawHeader.create("grpc-accept-encoding", IDENTITY)));
        }
        long most = config.maxBodyBytes() + FRAME_HEAD;
        var limited = request.withEntity((RequestEntity) request.entity().withSizeLimit(most));
        var segments = request.getUri().pathSegments().iterator();
        if (!segments.hasNext() || !services.contains(segments.next())) {
            return calls.apply(limited);
        }
        // Whatever ends the stream early resets the call, and the status would be lost: so what is too large is read,
        // too, up to a limit, and of times it is the future's that counts.
        long timeoutMillis = config.bodyTimeout().toMillis();
        return request.entity()
                .withSizeLimit(MOST_READ * most)
                .getDataBytes()
                .completionTimeout(Duration.ofMillis(2 * timeoutMillis))
                .runFold(new Body(most), Body::plus, system)
                .toCompletableFuture()
                .orTimeout(timeoutMillis, TimeUnit.MILLISECONDS)
                .handle((body, failure) -> {
                    if (failure != null) {
                        return refused(request, status(failure));
                    }
                    return body.isTooLarge()
                            ? refused(request, tooLarge())
                            : called(request.withEntity(
                                    HttpEntities.create(request.entity().getContentType(), body.bytes)));
                })
                .thenCompose(answer -> answer);
    }

    /** What was read of a body; no more of it is kept than it may have. Not thread-safe. */
    private static final class Body {
        private final long most;
        private ByteString bytes = ByteString.emptyByteString();
        private long size;

        Body(long most) {
            this.most = most;
        }

        Body plus(ByteString more) {
            size += more.size();
            bytes = isTooLarge() ? ByteString.emptyByteString() : bytes.concat(more);
            return this;
        }

        boolean isTooLarge() {
            return size > most;
        }
    }

    private Status tooLarge() {
        return Status.RESOURCE_EXHAUSTED.withDescription("The message is larger than " + config.maxBodyBytes()
                + " bytes, the limit of this server (troupe.routing.http.maxBody).");
    }

    private CompletionStage<HttpResponse> called(HttpRequest request) {
        try {
            return calls.apply(request);
        } catch (Exception e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private Status status(Throwable failure) {
        var cause = RequestFailure.cause(failure);
        return switch (cause) {
            case EntityStreamSizeException e -> tooLarge();
            case TimeoutException e ->
                Status.DEADLINE_EXCEEDED.withDescription("The message did not arrive within "
                        + config.bodyTimeout().toSeconds() + " s.");
            default -> Status.CANCELLED.withDescription("The message could not be read: " + cause.getMessage());
        };
    }

    private CompletionStage<HttpResponse> refused(HttpRequest request, Status status) {
        var uncompressed = request.removeHeader(ENCODING);
        return GrpcMarshalling.<HttpResponse>negotiated(
                        uncompressed,
                        (reader, writer) -> CompletableFuture.completedFuture(GrpcExceptionHandler.standard(
                                new GrpcServiceException(status),
                                GrpcExceptionHandler.defaultMapper(),
                                writer,
                                system)))
                .orElseGet(() -> CompletableFuture.completedFuture(
                        HttpResponse.create().withStatus(StatusCodes.UNSUPPORTED_MEDIA_TYPE)));
    }
}
