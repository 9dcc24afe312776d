package dev.troupe.deploy.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.Config;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;
import kamon.Kamon;
import kamon.prometheus.PrometheusReporter;
import org.jspecify.annotations.Nullable;

/**
 * The port that Prometheus reads: {@code /metrics} with everything that {@link Metrics} counts. Whoever starts it may
 * put JSON beside that.
 */
public final class MetricsEndpoint implements AutoCloseable {
    private static final String REPORTER = "prometheus";
    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final int BACKLOG = 16;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final @Nullable HttpServer server;

    private MetricsEndpoint(@Nullable HttpServer server) {
        this.server = server;
    }

    /**
     * Starts counting, and serving the counts.
     *
     * @param port 0 for any free one, -1 for none
     * @throws TroupeException when the port is taken
     */
    public static MetricsEndpoint start(Config config, int port) {
        if (port < 0) {
            return new MetricsEndpoint(null);
        }
        // Our own small server, so that a taken port is an error with a remedy and the port can be any free one.
        Kamon.initWithoutAttaching(config);
        PrometheusReporter reporter = new PrometheusReporter(PrometheusReporter.DefaultConfigPath(), config);
        Kamon.addReporter(REPORTER, reporter);
        Metrics.publishNativeMemory(config.getDuration("kamon.metric.tick-interval"));
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(port), BACKLOG);
            server.createContext("/metrics", exchange -> answer(exchange, METRICS_TYPE, reporter.scrapeData()));
            server.start();
            return new MetricsEndpoint(server);
        } catch (IOException e) {
            throw new TroupeException(
                    "the metrics port " + port + " cannot be opened (" + e.getMessage()
                            + "): set troupe.node.metricsPort to another, or to -1 for none",
                    e);
        }
    }

    /**
     * Serves JSON at a path, made anew for each request.
     *
     * @param path such as "/status"
     */
    public void serve(String path, Supplier<?> json) {
        if (server != null) {
            server.createContext(
                    path, exchange -> answer(exchange, "application/json", JSON.writeValueAsString(json.get())));
        }
    }

    private static void answer(HttpExchange exchange, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    /** Where the metrics are, when there are any. */
    public Optional<String> url() {
        return url("/metrics");
    }

    /** Where a path is served, when there is a port. */
    public Optional<String> url(String path) {
        return Optional.ofNullable(server)
                .map(it -> "http://localhost:" + it.getAddress().getPort() + path);
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop(0);
            Kamon.stop();
        }
    }
}
