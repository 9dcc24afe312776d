package dev.troupe.routing.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.GenerateReply;
import dev.troupe.routing.proto.GenerateRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Calls with one reply, cancelled by their client long before any deadline: the work ends at once. */
class GrpcCancelTest {
    private static final GenerateRequest GENERATE =
            GenerateRequest.newBuilder().setText("hello").build();
    private static final ChatRequest CHAT = ChatRequest.newBuilder()
            .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hello"))
            .build();

    /** A call, and what it ended with. */
    private record Call<T>(ClientCall<T, GenerateReply> call, CompletableFuture<GenerateReply> reply) {
        private static <T extends Message> Call<T> start(ManagedChannel channel, String method, T request) {
            var call = channel.newCall(
                    MethodDescriptor.newBuilder(
                                    ProtoUtils.marshaller(request),
                                    ProtoUtils.marshaller(GenerateReply.getDefaultInstance()))
                            .setType(MethodDescriptor.MethodType.UNARY)
                            .setFullMethodName("troupe.router.v1.Router/" + method)
                            .build(),
                    CallOptions.DEFAULT);
            var reply = new CompletableFuture<GenerateReply>();
            call.start(
                    new ClientCall.Listener<>() {
                        @Override
                        public void onMessage(GenerateReply message) {
                            reply.complete(message);
                        }

                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            if (!status.isOk()) {
                                reply.completeExceptionally(status.asException());
                            }
                        }
                    },
                    new Metadata());
            call.request(2);
            call.sendMessage(request);
            call.halfClose();
            return new Call<>(call, reply);
        }

        static Call<GenerateRequest> generate(ManagedChannel channel) {
            return start(channel, "Generate", GENERATE);
        }

        static Call<ChatRequest> chat(ManagedChannel channel) {
            return start(channel, "Chat", CHAT);
        }
    }

    private static ManagedChannel channel(TestNode node) {
        return NettyChannelBuilder.forAddress("127.0.0.1", node.bindings().grpcPort())
                .usePlaintext()
                .build();
    }

    @Test
    void aCancelledCallIsCancelledAtTheReplica() throws Exception {
        try (var node = TestNode.start("")) {
            var replica = node.replica();
            replica.script((request, replyTo) ->
                    FakeReplica.say(request, replyTo, node.tokenizer().encode("the world"), false));
            var channel = channel(node);
            var other = channel(node);
            try {
                var generate = Call.generate(channel);
                var chat = Call.chat(channel);
                var kept = Call.generate(other);
                TestNode.await("three requests", () -> replica.submitted().size() == 3);
                long start = System.nanoTime();
                generate.call().cancel("nobody waits", null);
                TestNode.await("one is cancelled", () -> replica.cancelled().size() == 1);
                chat.call().cancel("nobody waits", null);
                TestNode.await("two are cancelled", () -> replica.cancelled().size() == 2);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
                assertThat(kept.reply()).isNotDone();

                // A connection that breaks cancels what it carried.
                other.shutdownNow();
                TestNode.await("all are cancelled", () -> replica.cancelled().size() == 3);

                // And one that is not cancelled gets its answer on the same connection.
                replica.says(node.tokenizer(), "the world");
                var reply = Call.chat(channel).reply().get(20, TimeUnit.SECONDS);
                assertThat(reply.getChoices(0).getText()).isEqualTo("the world");
            } finally {
                channel.shutdownNow();
                other.shutdownNow();
            }
        }
    }

    /** A gateway has one connection for all of its users, of whom many leave. */
    @Test
    void manyCancelledCallsDoNotEndTheirConnection() throws Exception {
        try (var node = TestNode.start("")) {
            var replica = node.replica();
            replica.script((request, replyTo) -> {});
            var channel = channel(node);
            try {
                var kept = Call.generate(channel);
                for (int i = 1; i <= 600; i++) {
                    var call = Call.generate(channel);
                    int submitted = i + 1;
                    TestNode.await("submitted", () -> replica.submitted().size() == submitted);
                    call.call().cancel("nobody waits", null);
                }
                TestNode.await("all are cancelled", () -> replica.cancelled().size() == 600);
                assertThat(kept.reply()).isNotDone();
                replica.says(node.tokenizer(), "the world");
                assertThat(Call.chat(channel).reply().get(20, TimeUnit.SECONDS).getModel())
                        .isEqualTo(TestNode.MODEL);
            } finally {
                channel.shutdownNow();
            }
        }
    }
}
