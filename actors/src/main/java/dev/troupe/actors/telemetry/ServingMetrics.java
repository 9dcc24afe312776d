package dev.troupe.actors.telemetry;

import java.time.Duration;
import kamon.metric.Counter;
import kamon.metric.Gauge;
import kamon.metric.Timer;

/** The instruments of one served model, bound to its label. Thread-safe. */
public final class ServingMetrics {
    private final Timer queueTime;
    private final Timer timeToFirstToken;
    private final Timer timePerToken;
    private final Gauge running;
    private final Gauge queued;
    private final Gauge kvBlocksUsed;
    private final Gauge kvBlocks;
    private final Gauge kvBlocksIdle;
    private final Counter kvEvictions;
    private final Counter tokensCached;
    private final Counter tokensDrafted;
    private final Counter tokensAccepted;
    private final Counter tokensIn;
    private final Counter tokensOut;
    private long evictions; // counted so far
    private long drafted;
    private long accepted;

    ServingMetrics(String modelId) {
        queueTime = Metrics.QUEUE_TIME.withTag("model", modelId);
        timeToFirstToken = Metrics.TIME_TO_FIRST_TOKEN.withTag("model", modelId);
        timePerToken = Metrics.TIME_PER_TOKEN.withTag("model", modelId);
        running = Metrics.REQUESTS_RUNNING.withTag("model", modelId);
        queued = Metrics.REQUESTS_QUEUED.withTag("model", modelId);
        kvBlocksUsed = Metrics.KV_BLOCKS_USED.withTag("model", modelId);
        kvBlocks = Metrics.KV_BLOCKS.withTag("model", modelId);
        kvBlocksIdle = Metrics.KV_BLOCKS_IDLE.withTag("model", modelId);
        kvEvictions = Metrics.KV_EVICTIONS.withTag("model", modelId);
        tokensCached = Metrics.TOKENS_CACHED.withTag("model", modelId);
        tokensDrafted = Metrics.TOKENS_DRAFTED.withTag("model", modelId);
        tokensAccepted = Metrics.TOKENS_ACCEPTED.withTag("model", modelId);
        tokensIn = Metrics.TOKENS_IN.withTag("model", modelId);
        tokensOut = Metrics.TOKENS_OUT.withTag("model", modelId);
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

    /** KV-cache blocks in use and kept for later, of how many. */
    public void kvBlocks(int used, int idle, int total) {
        kvBlocksUsed.update(used);
        kvBlocksIdle.update(idle);
        kvBlocks.update(total);
    }

    /**
     * What a replica has counted since it was loaded; called from one thread at a time.
     *
     * @param numEvictions kept blocks that made room
     * @param numDrafted tokens guessed
     * @param numAccepted guesses that held
     */
    public void reuse(long numEvictions, long numDrafted, long numAccepted) {
        kvEvictions.increment(numEvictions - evictions);
        tokensDrafted.increment(numDrafted - drafted);
        tokensAccepted.increment(numAccepted - accepted);
        evictions = numEvictions;
        drafted = numDrafted;
        accepted = numAccepted;
    }

    /** Tokens of a prompt that the cache held. */
    public void tokensCached(long tokens) {
        tokensCached.increment(tokens);
    }

    /** Prompt tokens of requests, those that the cache held included. */
    public void tokensIn(long tokens) {
        tokensIn.increment(tokens);
    }

    /** Tokens generated. */
    public void tokensOut(long tokens) {
        tokensOut.increment(tokens);
    }
}
