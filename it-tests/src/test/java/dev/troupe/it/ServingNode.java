package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process of {@code troupe up --model}, with a client for its ports and its metrics. */
final class ServingNode implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();
    /** How often a node publishes its metrics. */
    static final int TICK_MILLIS = 250;

    /** The setting for it. */
    static final String TICK = "kamon.metric.tick-interval=" + TICK_MILLIS + "ms";

    private static final Duration START = Duration.ofMinutes(1);
    private static final Pattern PORTS = Pattern.compile("HTTP http://[^:]+:(\\d+) +gRPC port (\\d+)");

    private final TroupeProcess process;
    private final HttpClient client = HttpClient.newHttpClient(); // asks each time for an upgrade to h2c
    private final int httpPort;
    private final int grpcPort;
    private final URI metrics;

    private ServingNode(TroupeProcess process) {
        this.process = process;
        process.awaitOutput("the ports", START, text -> PORTS.matcher(text).find());
        Matcher ports = PORTS.matcher(process.standardError());
        assertThat(ports.find()).isTrue();
        httpPort = Integer.parseInt(ports.group(1));
        grpcPort = Integer.parseInt(ports.group(2));
        metrics = process.awaitMetrics(START);
    }

    /** Starts a node and waits until it serves {@code model}. */
    static ServingNode start(Path workDir, String javaOptions, Path model, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "up",
                "--model",
                model.toString(),
                "--dir",
                "registry",
                "--http-port",
                "0",
                "--grpc-port",
                "0",
                "-D",
                "troupe.node.metricsPort=0",
                "-D",
                TICK));
        args.addAll(List.of(more));
        TroupeProcess process = TroupeProcess.startWith(javaOptions, workDir, args.toArray(String[]::new));
        try {
            return new ServingNode(process);
        } catch (RuntimeException | Error e) {
            process.close();
            throw e;
        }
    }

    int httpPort() {
        return httpPort;
    }

    int grpcPort() {
        return grpcPort;
    }

    /** Of OpenAI's API, as its clients want it. */
    String baseUrl() {
        return "http://127.0.0.1:" + httpPort + "/v1";
    }

    /** Where its metrics are. */
    URI metrics() {
        return metrics;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String log() {
        return process.standardOutput() + process.standardError();
    }

    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return client.send(request(path, body), HttpResponse.BodyHandlers.ofString());
    }

    /** With less patience than others have. */
    HttpResponse<String> post(String path, String body, Duration timeout) throws IOException, InterruptedException {
        return client.send(request(path, body, timeout), HttpResponse.BodyHandlers.ofString());
    }

    HttpRequest request(String path, String body) {
        return request(path, body, Duration.ofSeconds(60));
    }

    private HttpRequest request(String path, String body, Duration timeout) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + path))
                .timeout(timeout)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + path))
                .timeout(Duration.ofSeconds(60))
                .build();
        return JSON.readTree(
                client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    /** The one model that is served. */
    String model() throws IOException, InterruptedException {
        return get("/v1/models").at("/data/0/id").asText();
    }

    /** Sum of the metric's series whose labels have a part like this regular expression; 0 when there is none. */
    double metric(String name, String label) {
        return metric(client, metrics, name, label);
    }

    /** The same of any node, by the address that it prints. */
    static double metric(HttpClient client, URI metrics, String name, String label) {
        Predicate<String> like = Pattern.compile(label).asPredicate();
        try {
            String text = client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            return text.lines()
                    .filter(line -> line.startsWith(name + "{") && like.test(line))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** Blocks of the key-value cache that requests hold. */
    double kvBlocksUsed() {
        return metric("troupe_serving_kv_blocks_used", "model=");
    }

    /** Waits up to ten seconds until a metric is as wanted. */
    void awaitMetric(String name, String label, Predicate<Double> wanted) {
        long end = System.nanoTime() + 10_000_000_000L;
        double value = metric(name, label);
        while (!wanted.test(value)) {
            assertThat(System.nanoTime())
                    .as("%s{%s} is %s, and the node is %s\n%s", name, label, value, isAlive() ? "alive" : "gone", log())
                    .isLessThan(end);
            TroupeProcess.pause(50);
            value = metric(name, label);
        }
    }

    /** Waits until no request holds anything: none runs, none waits, no block of the cache is in use. */
    void awaitIdle() {
        for (String gauge : List.of("kv_blocks_used", "running", "queued")) {
            awaitMetric("troupe_serving_" + gauge, "model=", value -> value == 0);
        }
    }

    @Override
    public void close() {
        client.close();
        process.close();
    }
}
