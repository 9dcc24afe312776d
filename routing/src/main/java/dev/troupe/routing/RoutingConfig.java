package dev.troupe.routing;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.troupe.model.TroupeException;
import dev.troupe.routing.access.ApiKeys;
import dev.troupe.routing.access.CrossOrigin;
import java.time.Duration;

/**
 * Settings of a router node, from {@code troupe.routing} (reference.conf says what each means).
 *
 * @param maxBodyBytes largest request body
 * @param bodyTimeout longest time in which a body may arrive
 * @param crossOrigin pages that may ask
 * @param maxConnections over HTTP, and over gRPC
 * @param maxInFlight sequences at once over all models
 * @param maxChoices most answers to one request
 * @param maxInputs most inputs of one request for embeddings
 * @param apiKeys that clients may show
 * @param modelSampling whether requests that do not say how to sample get what the model's makers recommend
 * @param streamBufferTokens how far a client may lag behind its answer
 */
public record RoutingConfig(
        String httpHost,
        int httpPort,
        String grpcHost,
        int grpcPort,
        long maxBodyBytes,
        Duration bodyTimeout,
        CrossOrigin crossOrigin,
        int maxConnections,
        Duration streamKeepAlive,
        int maxInFlight,
        Duration retryAfter,
        Duration requestDeadline,
        Duration describeTimeout,
        Duration failoverWait,
        int maxChoices,
        int maxInputs,
        int defaultChatTokens,
        int defaultCompletionTokens,
        int maxTokens,
        boolean modelSampling,
        int streamBufferTokens,
        Duration drainDeadline,
        ApiKeys apiKeys) {

    private static final String PREFIX = "troupe.routing";

    /** Tokens that may be told at once are no sign of a slow reader. */
    private static final int LEAST_STREAM_BUFFER = 64;

    /**
     * Reads and validates the settings.
     *
     * @param root the whole configuration, reference.conf included
     * @throws TroupeException when a key is missing, of the wrong type or out of range
     */
    public static RoutingConfig from(Config root) {
        try {
            var c = root.getConfig(PREFIX);
            return new RoutingConfig(
                    host(c, "http.host"),
                    port(c, "http.port"),
                    host(c, "grpc.host"),
                    port(c, "grpc.port"),
                    positive("http.maxBody", c.getBytes("http.maxBody")),
                    positive(c, "http.bodyTimeout"),
                    CrossOrigin.of(c.getStringList("http.allowedOrigins")),
                    count(c, "http.maxConnections"),
                    positive(c, "http.streamKeepAlive"),
                    count(c, "maxInFlight"),
                    positive(c, "retryAfter"),
                    positive(c, "requestDeadline"),
                    positive(c, "describeTimeout"),
                    positive(c, "failoverWait"),
                    count(c, "maxChoices"),
                    count(c, "maxInputs"),
                    count(c, "defaultChatTokens"),
                    count(c, "defaultCompletionTokens"),
                    count(c, "maxTokens"),
                    modelSampling(c),
                    streamBuffer(c),
                    positive(c, "drainDeadline"),
                    ApiKeys.of(c.getStringList("apiKeys")));
        } catch (ConfigException e) {
            throw new TroupeException("Bad configuration of " + PREFIX + ": " + e.getMessage(), e);
        }
    }

    /** The same settings on other ports; 0 takes any free one. */
    public RoutingConfig withPorts(int newHttpPort, int newGrpcPort) {
        return new RoutingConfig(
                httpHost,
                checkPort("http.port", newHttpPort),
                grpcHost,
                checkPort("grpc.port", newGrpcPort),
                maxBodyBytes,
                bodyTimeout,
                crossOrigin,
                maxConnections,
                streamKeepAlive,
                maxInFlight,
                retryAfter,
                requestDeadline,
                describeTimeout,
                failoverWait,
                maxChoices,
                maxInputs,
                defaultChatTokens,
                defaultCompletionTokens,
                maxTokens,
                modelSampling,
                streamBufferTokens,
                drainDeadline,
                apiKeys);
    }

    private static String host(Config c, String key) {
        var host = c.getString(key);
        if (host.isBlank()) {
            throw new TroupeException(PREFIX + "." + key + " is empty: give an address such as 127.0.0.1 or 0.0.0.0");
        }
        return host;
    }

    private static int port(Config c, String key) {
        return checkPort(key, c.getInt(key));
    }

    private static int checkPort(String key, int port) {
        if (port < 0 || port > 65_535) {
            throw new TroupeException(
                    PREFIX + "." + key + " is " + port + ": a port is a number from 1 to 65535, or 0 for any free one");
        }
        return port;
    }

    private static boolean modelSampling(Config c) {
        return switch (c.getString("samplingDefaults")) {
            case "model" -> true;
            case "none" -> false;
            case String other ->
                throw new TroupeException(
                        PREFIX + ".samplingDefaults is '" + other + "': it must be 'model' or 'none'");
        };
    }

    private static int streamBuffer(Config c) {
        int tokens = c.getInt("streamBuffer");
        if (tokens < LEAST_STREAM_BUFFER) {
            throw new TroupeException(PREFIX + ".streamBuffer is " + tokens + ": it must be at least "
                    + LEAST_STREAM_BUFFER + ", or clients that read fast would be cut off when tokens come together");
        }
        return tokens;
    }

    private static int count(Config c, String key) {
        return (int) positive(key, c.getInt(key));
    }

    private static long positive(String key, long value) {
        if (value <= 0) {
            throw new TroupeException(PREFIX + "." + key + " is " + value + ": it must be at least 1");
        }
        return value;
    }

    private static Duration positive(Config c, String key) {
        var duration = c.getDuration(key);
        if (duration.toMillis() <= 0) {
            throw new TroupeException(
                    PREFIX + "." + key + " is " + duration.toMillis() + " ms: it must be at least 1 ms");
        }
        return duration;
    }
}
