package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.grpc.GrpcClientSettings;
import akka.stream.javadsl.Sink;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.typesafe.config.ConfigFactory;
import dev.troupe.it.GoldenModels.Golden;
import dev.troupe.routing.proto.FinishReason;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateReply;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.RouterClient;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The client that is generated from our proto, and one call by hand, for its cancellation. */
final class GrpcClient implements AutoCloseable {
    private static final String REQUESTS = "troupe_serving_requests_total";

    private final ActorSystem<Void> system = ActorSystem.create(
            Behaviors.empty(),
            "client",
            ConfigFactory.parseString("akka { actor.provider = local, coordinated-shutdown.exit-jvm = off,"
                            + " loglevel = WARNING }")
                    .withFallback(ConfigFactory.load()));
    private final GrpcClientSettings settings;
    private final RouterClient client;

    GrpcClient(ServingNode node) {
        settings = GrpcClientSettings.connectToServiceAt("127.0.0.1", node.grpcPort(), system)
                .withTls(false);
        client = RouterClient.create(settings, system);
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static GenerateRequest.Builder greedy(String model, String prompt, int maxTokens) {
        return GenerateRequest.newBuilder()
                .setModel(model)
                .setText(prompt)
                .setOptions(
                        GenerationOptions.newBuilder().setMaxTokens(maxTokens).setTemperature(0));
    }

    /** The golden text, whole and in pieces. */
    void golden(String model, Golden golden) throws Exception {
        GenerateRequest request = greedy(model, golden.prompt(), golden.numTokens() + (golden.ended() ? 20 : 0))
                .build();
        GenerateReply reply = get(client.generate(request));
        assertThat(reply.getChoices(0).getText().strip()).isEqualTo(golden.text());
        assertThat(reply.getChoices(0).getFinishReason())
                .isEqualTo(golden.ended() ? FinishReason.FINISH_REASON_STOP : FinishReason.FINISH_REASON_LENGTH);
        assertThat(reply.getUsage().getCompletionTokens()).isEqualTo(golden.numTokens());
        var chunks = get(client.generateStream(request).runWith(Sink.seq(), system));
        assertThat(chunks.stream()
                        .filter(GenerateChunk::hasPiece)
                        .map(chunk -> chunk.getPiece().getText())
                        .collect(Collectors.joining())
                        .strip())
                .isEqualTo(golden.text());
        assertThat(chunks.getLast().getUsage()).isEqualTo(reply.getUsage());
    }

    /** Answers that take seconds. */
    private static GenerateRequest slow(String model) {
        return GenerateRequest.newBuilder()
                .setModel(model)
                .setText("Once")
                .setOptions(GenerationOptions.newBuilder()
                        .setMaxTokens(400)
                        .setChoices(16)
                        .setLogProbs(20))
                .build();
    }

    /** A deadline is the client's status, and ends the work. */
    void deadline(ServingNode node, String model) throws Exception {
        RouterClient hurried = RouterClient.create(settings.withDeadline(Duration.ofMillis(60)), system);
        assertThatThrownBy(() -> get(hurried.generate(slow(model))))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
        node.awaitIdle();
        get(hurried.close());
    }

    /** A call with one reply, and a stream, that their client does not want any more: both are free at once. */
    void cancellation(ServingNode node, String model) throws Exception {
        GenerateChunk first = get(client.generateStream(slow(model)).runWith(Sink.head(), system));
        assertThat(first.getModel()).isEqualTo(model);
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", node.grpcPort())
                .usePlaintext()
                .build();
        try {
            var call = channel.newCall(generate(), CallOptions.DEFAULT);
            var ended = new CompletableFuture<Status>();
            call.start(
                    new ClientCall.Listener<>() {
                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            ended.complete(status);
                        }
                    },
                    new Metadata());
            call.request(1);
            call.sendMessage(slow(model));
            call.halfClose();
            node.awaitMetric("troupe_serving_running", "model=", running -> running > 0);
            call.cancel("nobody waits", null);
            assertThat(ended.get(10, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.CANCELLED);
            node.awaitIdle();
        } finally {
            channel.shutdownNow();
        }
        node.awaitMetric(REQUESTS, "(?=.*grpc/GenerateStream\")(?=.*CANCELLED)", count -> count == 1);
        // The call that passed its deadline may count as either, or not at all when it passed before there was a
        // connection.
        node.awaitMetric(REQUESTS, "(?=.*grpc/Generate\")(?=.*(CANCELLED|DEADLINE_EXCEEDED))", count -> count >= 1);
    }

    private static MethodDescriptor<GenerateRequest, GenerateReply> generate() {
        return MethodDescriptor.<GenerateRequest, GenerateReply>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("troupe.router.v1.Router/Generate")
                .setRequestMarshaller(new Marshaller<>(GenerateRequest.parser()))
                .setResponseMarshaller(new Marshaller<>(GenerateReply.parser()))
                .build();
    }

    private record Marshaller<T extends Message>(Parser<T> parser) implements MethodDescriptor.Marshaller<T> {
        @Override
        public InputStream stream(T message) {
            return message.toByteString().newInput();
        }

        @Override
        public T parse(InputStream stream) {
            try {
                return parser.parseFrom(stream);
            } catch (InvalidProtocolBufferException e) {
                throw new UncheckedIOException(new IOException(e));
            }
        }
    }

    @Override
    public void close() {
        client.close().toCompletableFuture().join();
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
    }
}
