package dev.troupe.routing.grpc;

import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.grpc.ProtobufSerializer;
import akka.grpc.javadsl.GrpcExceptionHandler;
import akka.grpc.javadsl.GrpcMarshalling;
import akka.grpc.javadsl.Metadata;
import akka.grpc.javadsl.MetadataBuilder;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.japi.function.Function;
import akka.stream.Materializer;
import akka.stream.javadsl.Source;
import dev.troupe.routing.proto.Router;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;

/**
 * The calls with one reply, {@code Generate}, {@code Chat} and {@code Embed}, answered as streams of one message; on
 * the wire the two are the same. Akka gRPC's own handler takes a future of the reply and cannot say that the client has
 * cancelled the call (RST_STREAM) or is gone; a response that streams is cancelled then, and with it the work.
 */
final class OneReplyCalls implements Function<HttpRequest, CompletionStage<HttpResponse>> {
    private static final long serialVersionUID = 1L;
    private static final String PREFIX = "/" + Router.name + "/";

    private final transient ActorSystem<?> system;
    private final transient RouterService service;
    private final transient Function<HttpRequest, CompletionStage<HttpResponse>> others;

    /** @param others handles every other call */
    OneReplyCalls(
            ActorSystem<?> system, RouterService service, Function<HttpRequest, CompletionStage<HttpResponse>> others) {
        this.system = system;
        this.service = service;
        this.others = others;
    }

    @Override
    public CompletionStage<HttpResponse> apply(HttpRequest request) throws Exception {
        return switch (request.getUri().path()) {
            case PREFIX + "Generate" ->
                call(
                        request,
                        Router.Serializers.GenerateRequestSerializer,
                        Router.Serializers.GenerateReplySerializer,
                        service::generateReply);
            case PREFIX + "Chat" ->
                call(
                        request,
                        Router.Serializers.ChatRequestSerializer,
                        Router.Serializers.GenerateReplySerializer,
                        service::chatReply);
            case PREFIX + "Embed" ->
                call(
                        request,
                        Router.Serializers.EmbedRequestSerializer,
                        Router.Serializers.EmbedReplySerializer,
                        service::embedReply);
            default -> others.apply(request);
        };
    }

    private <T, R> CompletionStage<HttpResponse> call(
            HttpRequest request,
            ProtobufSerializer<T> serializer,
            ProtobufSerializer<R> replySerializer,
            BiFunction<T, Metadata, Source<R, NotUsed>> method) {
        var errors = GrpcErrors.mapper();
        var metadata = MetadataBuilder.fromHeaders(request.getHeaders());
        return GrpcMarshalling.<HttpResponse>negotiated(
                        request,
                        (reader, writer) -> GrpcMarshalling.unmarshal(
                                        request.entity(), serializer, Materializer.matFromSystem(system), reader)
                                .thenApply(message -> GrpcMarshalling.marshalStream(
                                        method.apply(message, metadata), replySerializer, writer, system, errors))
                                .exceptionally(
                                        failure -> GrpcExceptionHandler.standard(failure, errors, writer, system)))
                .orElseGet(() -> CompletableFuture.completedFuture(
                        HttpResponse.create().withStatus(StatusCodes.UNSUPPORTED_MEDIA_TYPE)));
    }
}
