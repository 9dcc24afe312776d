package dev.troupe.deploy.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.deploy.node.NodeStatus;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Asks nodes on loopback for their status. */
public final class StatusClient implements AutoCloseable {
    private static final Duration ANSWER = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(ANSWER).build();

    /** What the node with this metrics port says; empty when it has said nothing for two seconds. */
    public CompletableFuture<Optional<NodeStatus>> ask(int metricsPort) {
        HttpRequest request = HttpRequest.newBuilder(uri(metricsPort, "/status"))
                .timeout(ANSWER)
                .build();
        return http.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .handle((response, failure) -> response == null || response.statusCode() != 200
                        ? Optional.empty()
                        : Optional.of(parse(response.body())));
    }

    /** Where a node of this machine serves something. */
    static URI uri(int metricsPort, String path) {
        return URI.create("http://127.0.0.1:" + metricsPort + path);
    }

    private static NodeStatus parse(String json) {
        try {
            return JSON.readValue(json, NodeStatus.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a node's status cannot be read: " + json, e);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
