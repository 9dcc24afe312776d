package dev.troupe.actors.telemetry;

import dev.troupe.model.kernel.check.SelfCheck;
import dev.troupe.model.tensor.NativeMemory;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import kamon.Kamon;
import kamon.metric.Gauge;
import kamon.metric.MeasurementUnit;
import kamon.metric.Metric;
import kamon.tag.TagSet;

/**
 * Every instrument of Troupe. The names and labels here are what dashboards and alerts rely on: add, don't rename. The
 * Prometheus reporter turns dots into underscores and appends the unit ({@code _seconds}, {@code _bytes}, and
 * {@code _total} to counters).
 *
 * <p>Instruments are global, as Kamon's are; {@link #training} and {@link #serving} bind them to their labels once, so
 * that recording is a field access.
 */
public final class Metrics {
    // Training: label run.
    static final Metric.Counter TRAINING_STEPS = Kamon.counter("troupe.training.steps", "Optimizer steps done");
    static final Metric.Counter TRAINING_TOKENS = Kamon.counter("troupe.training.tokens", "Tokens trained on");
    static final Metric.Gauge TRAINING_LOSS =
            Kamon.gauge("troupe.training.loss", "Mean cross-entropy of the latest step in nats a token");
    static final Metric.Gauge TRAINING_VALIDATION_LOSS =
            Kamon.gauge("troupe.training.validation.loss", "Held-out cross-entropy of the latest evaluation, nats");
    static final Metric.Gauge TRAINING_LEARNING_RATE =
            Kamon.gauge("troupe.training.learning.rate", "Learning rate of the latest step");
    static final Metric.Gauge TRAINING_GRADIENT_NORM =
            Kamon.gauge("troupe.training.gradient.norm", "L2 norm of the latest step's gradient before clipping");
    static final Metric.Gauge TRAINING_TOKENS_PER_SECOND =
            Kamon.gauge("troupe.training.throughput", "Tokens a second over the last seconds");
    /** Label part: data, forward-backward, gradient-norm, optimizer, communication, copies, total. */
    static final Metric.Timer TRAINING_STEP = Kamon.timer("troupe.training.step", "Time of a step by part");

    static final Metric.Timer CHECKPOINT_PAUSE =
            Kamon.timer("troupe.checkpoint.pause", "Time that training stands still for a checkpoint");
    static final Metric.Timer CHECKPOINT_WRITE =
            Kamon.timer("troupe.checkpoint.write", "Time until a checkpoint is complete on disk");
    /** Label outcome: written, failed. */
    static final Metric.Counter CHECKPOINTS = Kamon.counter("troupe.checkpoint.count", "Checkpoints by outcome");

    /** Of a data node. */
    private static final Metric.Counter DATA_TOKENS =
            Kamon.counter("troupe.data.tokens", "Tokens given to nodes that have not the files");

    // Serving: label model, and where named endpoint and status.
    private static final Metric.Counter REQUESTS =
            Kamon.counter("troupe.serving.requests", "Requests by model, endpoint and status");
    private static final Metric.Timer REQUEST_TIME =
            Kamon.timer("troupe.serving.request", "Time from a request's arrival to its end, by endpoint");
    static final Metric.Timer QUEUE_TIME =
            Kamon.timer("troupe.serving.queue", "Time that a request waits before its first forward pass");
    static final Metric.Timer TIME_TO_FIRST_TOKEN =
            Kamon.timer("troupe.serving.first.token", "Time from a request's arrival to its first token");
    static final Metric.Timer TIME_PER_TOKEN =
            Kamon.timer("troupe.serving.token", "Time between computing two tokens of one answer");
    static final Metric.Gauge REQUESTS_RUNNING = Kamon.gauge("troupe.serving.running", "Requests in the running batch");
    static final Metric.Gauge REQUESTS_QUEUED = Kamon.gauge("troupe.serving.queued", "Requests that wait for a place");
    static final Metric.Gauge KV_BLOCKS_USED = Kamon.gauge("troupe.serving.kv.blocks.used", "KV-cache blocks in use");
    static final Metric.Gauge KV_BLOCKS = Kamon.gauge("troupe.serving.kv.blocks", "KV-cache blocks that exist");
    static final Metric.Gauge KV_BLOCKS_IDLE =
            Kamon.gauge("troupe.serving.kv.blocks.idle", "KV-cache blocks kept for requests that share a prefix");
    static final Metric.Counter KV_EVICTIONS =
            Kamon.counter("troupe.serving.kv.evictions", "Kept KV-cache blocks that had to make room");
    static final Metric.Counter TOKENS_CACHED =
            Kamon.counter("troupe.serving.tokens.cached", "Prompt tokens found in the cache, not computed");
    static final Metric.Counter TOKENS_DRAFTED =
            Kamon.counter("troupe.serving.tokens.drafted", "Tokens of answers that were guessed");
    static final Metric.Counter TOKENS_ACCEPTED =
            Kamon.counter("troupe.serving.tokens.accepted", "Guessed tokens that held");
    static final Metric.Counter TOKENS_IN = Kamon.counter("troupe.serving.tokens.in", "Prompt tokens processed");
    static final Metric.Counter TOKENS_OUT = Kamon.counter("troupe.serving.tokens.out", "Tokens generated");

    // Kernels: label provider.
    private static final Metric.Gauge KERNEL_DIFFERENCES = Kamon.gauge(
            "troupe.kernels.differences",
            "Outputs in which the latest self-check found kernels to differ, 0 when passed");
    private static final Metric.Timer KERNEL_CHECK = Kamon.timer("troupe.kernels.check", "Time of a kernel self-check");

    private static final Metric.Gauge QUEUE_LENGTH =
            Kamon.gauge("troupe.queue.length", "Entries in a bounded queue or mailbox, by queue");
    private static final Metric.Gauge NATIVE_BYTES = Kamon.gauge(
            "troupe.native.memory",
            "Off-heap bytes by owner",
            MeasurementUnit.information().bytes());

    private static final AtomicBoolean MEMORY_STARTED = new AtomicBoolean();

    private Metrics() {}

    /** The instruments of a training run. */
    public static TrainingMetrics training(String runId) {
        return new TrainingMetrics(runId);
    }

    /** The instruments of a served model; a replica's, not a request's: it looks all of them up. */
    public static ServingMetrics serving(String modelId) {
        return new ServingMetrics(modelId);
    }

    /**
     * A request has ended.
     *
     * @param endpoint such as "/v1/chat/completions" or "grpc/Generate"; from a fixed set, never user input
     * @param status the HTTP status or gRPC code's name
     */
    public static void requestEnded(String modelId, String endpoint, String status, Duration time) {
        REQUESTS.withTags(tags(Map.of("model", modelId, "endpoint", endpoint, "status", status)))
                .increment();
        REQUEST_TIME
                .withTags(tags(Map.of("model", modelId, "endpoint", endpoint)))
                .record(time);
    }

    /** A node has compared its kernels with the scalar reference. */
    public static void kernelsChecked(SelfCheck check) {
        KERNEL_DIFFERENCES
                .withTag("provider", check.provider())
                .update(check.differences().size());
        KERNEL_CHECK
                .withTag("provider", check.provider())
                .record(Math.round(check.seconds() * 1e9), TimeUnit.NANOSECONDS);
    }

    /** A data node has given tokens to another node. */
    public static void tokensRead(int count) {
        DATA_TOKENS.withoutTags().increment(count);
    }

    /** The length of a bounded queue or mailbox, such as "router" or "data-feeder". */
    public static Gauge queueLength(String queue) {
        return QUEUE_LENGTH.withTag("queue", queue);
    }

    /** Starts publishing off-heap bytes by owner, once in each interval; calls after the first do nothing. */
    public static void publishNativeMemory(Duration interval) {
        if (MEMORY_STARTED.compareAndSet(false, true)) {
            // The gauge without labels is the total; its update visits the owners, which come and go.
            NATIVE_BYTES.withTag("owner", "total").autoUpdate(Metrics::updateNativeMemory, interval);
        }
    }

    /** Labels in one set: adding them one by one would publish an instrument for each part of the set as well. */
    static TagSet tags(Map<String, String> labels) {
        TagSet.Builder builder = TagSet.builder();
        labels.forEach(builder::add);
        return builder.build();
    }

    private static void updateNativeMemory(Gauge total) {
        double sum = 0;
        for (var entry : NativeMemory.snapshot().entrySet()) {
            NATIVE_BYTES.withTag("owner", entry.getKey()).update((double) entry.getValue());
            sum += entry.getValue();
        }
        total.update(sum);
    }
}
