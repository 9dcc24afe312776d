package dev.troupe.deploy.bench;

import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.buffer.UnpooledByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A gRPC stream that its client cancels in the middle. Its connection is its own: to each frame of the stream that was
 * on its way, a client answers with a reset, and a server takes leave of a connection with hundreds of those, and so of
 * other calls on it.
 */
final class LeavingCall {
    private static final MethodDescriptor<GenerateRequest, GenerateChunk> STREAM =
            MethodDescriptor.<GenerateRequest, GenerateChunk>newBuilder()
                    .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
                    .setFullMethodName("troupe.router.v1.Router/GenerateStream")
                    .setRequestMarshaller(ProtoUtils.marshaller(GenerateRequest.getDefaultInstance()))
                    .setResponseMarshaller(ProtoUtils.marshaller(GenerateChunk.getDefaultInstance()))
                    .build();

    private LeavingCall() {}

    /**
     * Reads so many messages, or all that there are, and cancels.
     *
     * @throws IOException when the call fails or they do not come in time
     */
    static void read(String host, int port, GenerateRequest request, Duration timeout, int numMessages)
            throws IOException, InterruptedException {
        // Memory and threads of its own would be taken for the server's: a pool's chunk has 4 MB.
        ManagedChannel channel = NettyChannelBuilder.forAddress(host, port)
                .usePlaintext()
                .withOption(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT)
                .directExecutor()
                .build();
        try {
            ClientCall<GenerateRequest, GenerateChunk> call = channel.newCall(STREAM, CallOptions.DEFAULT);
            CompletableFuture<Status> over = new CompletableFuture<>();
            call.start(reader(numMessages, over), new Metadata());
            call.request(numMessages);
            call.sendMessage(request);
            call.halfClose();
            Status status = over.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            call.cancel("nobody waits", null);
            if (!status.isOk()) {
                throw new IOException("a gRPC call failed: " + status);
            }
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("a gRPC call failed: " + e, e);
        } finally {
            channel.shutdownNow();
            channel.awaitTermination(timeout.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private static ClientCall.Listener<GenerateChunk> reader(int numMessages, CompletableFuture<Status> over) {
        return new ClientCall.Listener<>() {
            private int read;

            @Override
            public void onMessage(GenerateChunk message) {
                if (++read == numMessages) {
                    over.complete(Status.OK);
                }
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
                over.complete(status);
            }
        };
    }
}
