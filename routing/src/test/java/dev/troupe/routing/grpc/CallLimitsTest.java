package dev.troupe.routing.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateReply;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a call may send, how long it may take, and how slowly its client may read. */
class CallLimitsTest {
    private static final GenerateRequest HELLO =
            GenerateRequest.newBuilder().setText("hello").build();

    /** Bytes that may be on their way to a client that does not read. */
    private static final int WINDOW = 65_535;

    private static final int LENGTH = 6_000; // tokens of a long answer

    private record Ended(Status status, Metadata trailers) {}

    private static ManagedChannel channel(TestNode node) {
        return NettyChannelBuilder.forAddress("127.0.0.1", node.bindings().grpcPort())
                .usePlaintext()
                .flowControlWindow(WINDOW)
                .build();
    }

    private static <T extends Message> MethodDescriptor<GenerateRequest, T> method(
            String name, MethodType type, T reply) {
        return MethodDescriptor.<GenerateRequest, T>newBuilder()
                .setType(type)
                .setFullMethodName("troupe.router.v1.Router/" + name)
                .setRequestMarshaller(ProtoUtils.marshaller(GenerateRequest.getDefaultInstance()))
                .setResponseMarshaller(ProtoUtils.marshaller(reply))
                .build();
    }

    /** @param request null to send none */
    private static <Q, T extends Message> CompletableFuture<Ended> call(
            ClientCall<Q, T> call, Metadata headers, @Nullable Q request, int wanted) {
        var ended = new CompletableFuture<Ended>();
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        ended.complete(new Ended(status, trailers));
                    }
                },
                headers);
        call.request(wanted);
        if (request != null) {
            call.sendMessage(request);
            call.halfClose();
        }
        return ended;
    }

    private static Ended generate(
            ManagedChannel channel, CallOptions options, Metadata headers, GenerateRequest request) throws Exception {
        var method = method("Generate", MethodType.UNARY, GenerateReply.getDefaultInstance());
        return call(channel.newCall(method, options), headers, request, 2).get(20, TimeUnit.SECONDS);
    }

    @Test
    void messagesHaveAMostSizeAndAreNotUnpacked() throws Exception {
        try (var node = TestNode.start("troupe.routing.http.maxBody = 20 KiB")) {
            node.replica().says(node.tokenizer(), "the world");
            var channel = channel(node);
            try {
                assertThat(generate(channel, CallOptions.DEFAULT, new Metadata(), HELLO)
                                .status()
                                .isOk())
                        .isTrue();
                var large =
                        GenerateRequest.newBuilder().setText("x".repeat(30_000)).build();
                var refused = generate(channel, CallOptions.DEFAULT, new Metadata(), large)
                        .status();
                assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                assertThat(refused.getDescription()).contains("larger than 20480 bytes");
                var packed = generate(channel, CallOptions.DEFAULT.withCompression("gzip"), new Metadata(), large);
                assertThat(packed.status().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
                assertThat(packed.status().getDescription()).contains("without compression");
                assertThat(generate(channel, CallOptions.DEFAULT, new Metadata(), HELLO)
                                .status()
                                .isOk())
                        .isTrue();
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /** Bytes as they are, of which generated classes would not make a message. */
    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            throw new UnsupportedOperationException("only sent");
        }
    }

    private static Status generate(ManagedChannel channel, byte[] message) throws Exception {
        var method = method("Generate", MethodType.UNARY, GenerateReply.getDefaultInstance()).toBuilder(
                        new Bytes(), ProtoUtils.marshaller(GenerateReply.getDefaultInstance()))
                .build();
        return call(channel.newCall(method, CallOptions.DEFAULT), new Metadata(), message, 2)
                .get(20, TimeUnit.SECONDS)
                .status();
    }

    @Test
    void aMessageThatIsNoneSaysSo() throws Exception {
        try (var node = TestNode.start("")) {
            var replica = node.replica();
            replica.says(node.tokenizer(), "the world");
            var channel = channel(node);
            try {
                byte[] hello = HELLO.toByteArray();
                assertThat(generate(channel, hello).isOk()).isTrue();
                replica.submitted().clear();
                byte[] noUtf8 = hello.clone();
                noUtf8[hello.length - 1] = (byte) 0xff;
                var status = generate(channel, noUtf8);
                assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                assertThat(status.getDescription()).contains("UTF-8");
                status = generate(channel, Arrays.copyOf(hello, hello.length - 2));
                assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                assertThat(status.getDescription()).contains("truncated");
                status = generate(channel, new byte[] {(byte) 0xff, (byte) 0xff, 3});
                assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                assertThat(replica.submitted()).isEmpty();
                assertThat(generate(channel, hello).isOk()).isTrue();
            } finally {
                channel.shutdownNow();
            }
        }
    }

    @Test
    void aMessageThatDoesNotArriveEndsTheCall() throws Exception {
        try (var node = TestNode.start("troupe.routing.http.bodyTimeout = 300 ms")) {
            node.replica();
            var channel = channel(node);
            try {
                // A client that may send several messages sends the head of its call before the first.
                var method = method("Generate", MethodType.CLIENT_STREAMING, GenerateReply.getDefaultInstance());
                var ended = call(channel.newCall(method, CallOptions.DEFAULT), new Metadata(), null, 2)
                        .get(20, TimeUnit.SECONDS)
                        .status();
                assertThat(ended.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
                assertThat(ended.getDescription()).contains("did not arrive");
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /** The header alone, without a timer of the client: it is the server that ends the call. */
    @Test
    void theServerKeepsTheCallsDeadline() throws Exception {
        try (var node = TestNode.start("")) {
            var replica = node.replica();
            replica.script((request, replyTo) -> {});
            var channel = channel(node);
            try {
                var headers = new Metadata();
                headers.put(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER), "300m");
                var ended =
                        generate(channel, CallOptions.DEFAULT, headers, HELLO).status();
                assertThat(ended.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
                TestNode.await("cancelled", () -> replica.cancelled().size() == 1);
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /** Adds a replica that says a long answer at once, and that it has ended, or not. */
    private static FakeReplica longAnswer(TestNode node, boolean ends) throws Exception {
        int[] tokens = new int[LENGTH];
        Arrays.fill(tokens, 't');
        var replica = new FakeReplica(new ModelDescription(
                "long",
                "v1",
                LENGTH + 10,
                node.tokenizer().vocabSize(),
                ServedTokenizer.of(node.tokenizer()),
                "plain",
                1));
        replica.script((request, replyTo) -> FakeReplica.say(request, replyTo, tokens, ends));
        node.add(replica);
        return replica;
    }

    private static ClientCall<GenerateRequest, GenerateChunk> stream(ManagedChannel channel) {
        return channel.newCall(
                method("GenerateStream", MethodType.SERVER_STREAMING, GenerateChunk.getDefaultInstance()),
                CallOptions.DEFAULT);
    }

    private static GenerateRequest longRequest() {
        return GenerateRequest.newBuilder()
                .setModel("long")
                .setText("hello")
                .setOptions(GenerationOptions.newBuilder().setMaxTokens(LENGTH))
                .build();
    }

    /** Who does not read is waited for until its answer is too far ahead, and then cut off; others are not held up. */
    @Test
    void aClientThatDoesNotReadIsCutOff() throws Exception {
        try (var node = TestNode.start("troupe.routing.streamBuffer = 64")) {
            var replica = longAnswer(node, false);
            var channel = channel(node);
            try {
                var call = stream(channel);
                var ended = call(call, new Metadata(), longRequest(), 1);
                TestNode.await("cancelled", () -> replica.cancelled().size() == 1);
                call.request(Integer.MAX_VALUE);
                assertThat(ended.get(20, TimeUnit.SECONDS).status().getCode())
                        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /** Who takes one message after the other, with pauses, gets all of an answer that is several windows ahead. */
    @Test
    void aClientThatReadsSlowlyGetsAll() throws Exception {
        try (var node = TestNode.start("troupe.routing.streamBuffer = " + 2 * LENGTH)) {
            longAnswer(node, true);
            var channel = channel(node);
            try {
                var call = stream(channel);
                var text = new StringBuilder();
                var bytes = new AtomicLong();
                var ended = new CompletableFuture<Status>();
                call.start(
                        new ClientCall.Listener<>() {
                            @Override
                            public void onMessage(GenerateChunk chunk) {
                                text.append(chunk.getPiece().getText());
                                bytes.addAndGet(chunk.getSerializedSize());
                                if (text.length() % 50 == 0) {
                                    LockSupport.parkNanos(1_000_000);
                                }
                                call.request(1);
                            }

                            @Override
                            public void onClose(Status status, Metadata trailers) {
                                ended.complete(status);
                            }
                        },
                        new Metadata());
                call.request(1);
                call.sendMessage(longRequest());
                call.halfClose();
                assertThat(ended.get(60, TimeUnit.SECONDS).isOk()).isTrue();
                assertThat(text.toString()).isEqualTo("t".repeat(LENGTH));
                assertThat(bytes.get()).isGreaterThan(2 * WINDOW);
            } finally {
                channel.shutdownNow();
            }
        }
    }
}
