package dev.troupe.actors.telemetry;

import java.time.Duration;
import java.util.Map;
import kamon.metric.Counter;
import kamon.metric.Gauge;
import kamon.metric.Timer;

/** The instruments of one served model, bound to its label. Thread-safe. */
public final class ServingMetrics {
    private final String modelId;
    private final Timer queueTime;
    private final Timer timeToFirstToken;
    private final Timer timePerToken;
    private final Gauge running;
    private final Gauge queued;
    private final Gauge kvBlocksUsed;
    private final Gauge kvBlocks;
    private final Counter tokensIn;
    private final Counter tokensOut;

    ServingMetrics(String modelId) {
        this.modelId = modelId;
        queueTime = Metrics.QUEUE_TIME.withTag("model", modelId);
        timeToFirstToken = Metrics.TIME_TO_FIRST_TOKEN.withTag("model", modelId);
        timePerToken = Metrics.TIME_PER_TOKEN.withTag("model", modelId);
        running = Metrics.REQUESTS_RUNNING.withTag("model", modelId);
        queued = Metrics.REQUESTS_QUEUED.withTag("model", modelId);
        kvBlocksUsed = Metrics.KV_BLOCKS_USED.withTag("model", modelId);
        kvBlocks = Metrics.KV_BLOCKS.withTag("model", modelId);
        tokensIn = Metrics.TOKENS_IN.withTag("model", modelId);
        tokensOut = Metrics.TOKENS_OUT.withTag("model", modelId);
    }

    /**
     * A request has ended.
     *
     * @param endpoint such as "/v1/chat/completions" or "grpc/Generate"; from a fixed set, never user input
     * @param status the HTTP status or gRPC code's name
     */
    public void requestEnded(String endpoint, String status, Duration time) {
        Metrics.REQUESTS
                .withTags(Metrics.tags(Map.of("model", modelId, "endpoint", endpoint, "status", status)))
                .increment();
        Metrics.REQUEST_TIME
                .withTags(Metrics.tags(Map.of("model", modelId, "endpoint", endpoint)))
                .record(time);
    }

    /** A request leaves the queue for its first forward pass. */
    public void queueLeft(Duration time) {
        queueTime.record(time);
    }

    /** Arrival to first token. */
    public void firstToken(Duration time) {
        timeToFirstToken.record(time);
    }

    /** One token of an answer to the next. */
    public void nextToken(Duration time) {
        timePerToken.record(time);
    }

    /** Requests in the running batch and waiting. */
    public void requests(int numRunning, int numQueued) {
        running.update(numRunning);
        queued.update(numQueued);
    }

    /** KV-cache blocks in use, of how many. */
    public void kvBlocks(int used, int total) {
        kvBlocksUsed.update(used);
        kvBlocks.update(total);
    }

    /** Prompt tokens processed. */
    public void tokensIn(long tokens) {
        tokensIn.increment(tokens);
    }

    /** Tokens generated. */
    public void tokensOut(long tokens) {
        tokensOut.increment(tokens);
    }
}
