package dev.troupe.deploy.bench;

import akka.actor.typed.ActorSystem;
import akka.grpc.GrpcClientSettings;
import akka.stream.javadsl.Sink;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.DetokenizeRequest;
import dev.troupe.routing.proto.EmbedInput;
import dev.troupe.routing.proto.EmbedReply;
import dev.troupe.routing.proto.EmbedRequest;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.RouterClient;
import dev.troupe.routing.proto.TokenIds;
import dev.troupe.routing.proto.TokenizeRequest;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Requests of a soak over gRPC, by the generated client, all on one connection but those that are cancelled. */
final class SoakGrpc implements AutoCloseable {
    private final ActorSystem<?> system;
    private final RouterClient client;
    private final String host;
    private final int port;
    private final String modelId;

    /** @param system in which the client runs; its own is not worth the threads */
    SoakGrpc(ActorSystem<?> system, String host, int port, String modelId) {
        this.system = system;
        this.host = host;
        this.port = port;
        this.modelId = modelId;
        client = RouterClient.create(
                GrpcClientSettings.connectToServiceAt(host, port, system).withTls(false), system);
    }

    private GenerateRequest request(SoakQuestion question, int maxTokens) {
        return GenerateRequest.newBuilder()
                .setModel(modelId)
                .setTokens(TokenIds.newBuilder().addAllIds(question.tokens()))
                .setUser(question.user())
                .setOptions(
                        GenerationOptions.newBuilder().setMaxTokens(maxTokens).setSeed(question.seed()))
                .build();
    }

    String whole(SoakQuestion question) throws IOException, InterruptedException {
        return ChoiceTexts.of(get(client.generate(request(question, question.maxTokens()))));
    }

    String streamed(SoakQuestion question) throws IOException, InterruptedException {
        return ChoiceTexts.ofChunks(get(
                client.generateStream(request(question, question.maxTokens())).runWith(Sink.seq(), system)));
    }

    String chat(SoakQuestion question) throws IOException, InterruptedException {
        ChatRequest request = ChatRequest.newBuilder()
                .setModel(modelId)
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent(question.text()))
                .setOptions(GenerationOptions.newBuilder()
                        .setMaxTokens(question.maxTokens())
                        .setSeed(question.seed()))
                .setUser(question.user())
                .build();
        return ChoiceTexts.ofChunks(get(client.chatStream(request).runWith(Sink.seq(), system)));
    }

    /** The vector of the question's tokens. */
    List<Float> embed(SoakQuestion question) throws IOException, InterruptedException {
        EmbedReply reply = get(client.embed(EmbedRequest.newBuilder()
                .setModel(modelId)
                .addInputs(
                        EmbedInput.newBuilder().setTokens(TokenIds.newBuilder().addAllIds(question.tokens())))
                .build()));
        return reply.getEmbeddings(0).getValuesList();
    }

    /** The tokens of the question's text, and what they spell. */
    Spelled tokens(SoakQuestion question) throws IOException, InterruptedException {
        List<Integer> tokens = get(client.tokenize(TokenizeRequest.newBuilder()
                        .setModel(modelId)
                        .setText(question.text())
                        .build()))
                .getTokensList();
        String text = get(client.detokenize(DetokenizeRequest.newBuilder()
                        .setModel(modelId)
                        .addAllTokens(tokens)
                        .build()))
                .getText();
        return new Spelled(tokens, text);
    }

    record Spelled(List<Integer> tokens, String text) {}

    /** A stream that is cancelled after so many of its messages. */
    void left(SoakQuestion question, int maxTokens, int numRead) throws IOException, InterruptedException {
        LeavingCall.read(host, port, request(question, maxTokens), SoakHttp.TIMEOUT, numRead);
    }

    private static <T> T get(CompletionStage<T> reply) throws IOException, InterruptedException {
        try {
            return reply.toCompletableFuture().get(SoakHttp.TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("a gRPC call failed: " + e, e);
        }
    }

    @Override
    public void close() {
        client.close().toCompletableFuture().join();
    }
}
