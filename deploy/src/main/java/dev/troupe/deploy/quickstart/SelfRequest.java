package dev.troupe.deploy.quickstart;

import akka.actor.typed.ActorSystem;
import akka.grpc.GrpcClientSettings;
import akka.stream.javadsl.Sink;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.routing.Bindings;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.RouterClient;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * The process's own client: one streamed chat over each of its two ports, as anybody's client would send it; with the
 * first of the configured keys, if there are any.
 */
final class SelfRequest {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int MAX_TOKENS = 60;
    private static final double TEMPERATURE = 0.3;
    private static final long SEED = 7;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DATA = "data: ";
    private static final String DONE = "[DONE]";

    private final ActorSystem<?> system;
    private final Bindings bindings;
    private final String model;
    private final Optional<String> authorization;

    SelfRequest(ActorSystem<?> system, Bindings bindings, String model) {
        this.system = system;
        this.bindings = bindings;
        this.model = model;
        this.authorization = system.settings().config().getStringList("troupe.routing.apiKeys").stream()
                .findFirst()
                .map(key -> "Bearer " + key);
    }

    /** The answer to {@code question} over HTTP, read from server-sent events. */
    String http(String question) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            String body = JSON.writeValueAsString(Map.of(
                    "model", model,
                    "messages", List.of(Map.of("role", "user", "content", question)),
                    "max_tokens", MAX_TOKENS,
                    "temperature", TEMPERATURE,
                    "seed", SEED,
                    "stream", true));
            HttpRequest.Builder request = HttpRequest.newBuilder(
                            URI.create(bindings.httpUrl() + "/v1/chat/completions"))
                    .timeout(TIMEOUT)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body));
            authorization.ifPresent(value -> request.header("Authorization", value));
            HttpResponse<Stream<String>> response = client.send(request.build(), HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> lines = response.body()) {
                if (response.statusCode() != 200) {
                    throw new TroupeException("the HTTP port answered " + response.statusCode() + ": "
                            + String.join(" ", lines.toList()));
                }
                return contentOf(lines.toList());
            }
        } catch (IOException e) {
            throw new TroupeException("the HTTP port did not answer: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while waiting for an answer", e);
        }
    }

    private static String contentOf(List<String> lines) throws IOException {
        StringBuilder answer = new StringBuilder();
        boolean done = false;
        for (String line : lines) {
            if (!line.startsWith(DATA)) {
                continue;
            }
            String data = line.substring(DATA.length());
            if (data.equals(DONE)) {
                done = true;
                continue;
            }
            JsonNode chunk = JSON.readTree(data);
            if (chunk.has("error")) {
                throw new TroupeException("the HTTP stream ended with an error: "
                        + chunk.path("error").path("message").asText());
            }
            answer.append(
                    chunk.path("choices").path(0).path("delta").path("content").asText(""));
        }
        if (!done) {
            throw new TroupeException("the HTTP stream broke off before its end; so far: " + answer);
        }
        return answer.toString();
    }

    /** The answer to {@code question} over gRPC, streamed. */
    String grpc(String question) {
        RouterClient client = RouterClient.create(
                GrpcClientSettings.connectToServiceAt("127.0.0.1", bindings.grpcPort(), system)
                        .withTls(false),
                system);
        try {
            ChatRequest request = ChatRequest.newBuilder()
                    .setModel(model)
                    .addMessages(ChatMessage.newBuilder().setRole("user").setContent(question))
                    .setOptions(GenerationOptions.newBuilder()
                            .setMaxTokens(MAX_TOKENS)
                            .setTemperature(TEMPERATURE)
                            .setSeed(SEED))
                    .build();
            var call = client.chatStream();
            List<GenerateChunk> chunks = authorization
                    .map(value -> call.addHeader("authorization", value))
                    .orElse(call)
                    .invoke(request)
                    .runWith(Sink.seq(), system)
                    .toCompletableFuture()
                    .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            StringBuilder answer = new StringBuilder();
            chunks.stream()
                    .filter(GenerateChunk::hasPiece)
                    .forEach(chunk -> answer.append(chunk.getPiece().getText()));
            return answer.toString();
        } catch (ExecutionException | TimeoutException e) {
            throw new TroupeException("the gRPC port did not answer: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while waiting for an answer", e);
        } finally {
            client.close();
        }
    }
}
