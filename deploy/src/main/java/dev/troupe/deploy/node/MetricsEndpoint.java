package dev.troupe.deploy.node;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.Config;
import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import kamon.Kamon;
import kamon.prometheus.PrometheusReporter;
import org.jspecify.annotations.Nullable;

/** The port that Prometheus reads: {@code /metrics} with everything that {@link Metrics} counts. */
public final class MetricsEndpoint implements AutoCloseable {
    private static final String REPORTER = "prometheus";
    private static final int BACKLOG = 16;

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
        Metrics.publishNativeMemory();
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(port), BACKLOG);
            server.createContext("/metrics", exchange -> answer(exchange, reporter.scrapeData()));
            server.start();
            return new MetricsEndpoint(server);
        } catch (IOException e) {
            throw new TroupeException(
                    "the metrics port " + port + " cannot be opened (" + e.getMessage()
                            + "): set troupe.node.metricsPort to another, or to -1 for none",
                    e);
        }
    }

    private static void answer(HttpExchange exchange, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        exchange.sendResponseHeaders(200, body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    /** Where the metrics are, when there are any. */
    public Optional<String> url() {
        return Optional.ofNullable(server)
                .map(it -> "http://localhost:" + it.getAddress().getPort() + "/metrics");
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop(0);
            Kamon.stop();
        }
    }
}
