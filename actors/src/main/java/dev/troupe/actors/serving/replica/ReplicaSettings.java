package dev.troupe.actors.serving.replica;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ServingMemory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.ServedCache;
import dev.troupe.model.transformer.ServedWeights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a {@link ModelReplica} needs to know, from {@code troupe.serving} of the configuration.
 *
 * @param modelId the name that users ask for
 * @param chatTemplate name of the template that turns messages into a prompt
 * @param reuse what is not computed again, and what is computed ahead
 * @param maxQueued most requests that wait for a place; more are rejected
 * @param maxQueuedPerClient most of them of one client
 * @param streamInterval how long tokens of an answer may wait for further ones to leave together with
 * @param successorWait for the first of the requests of those whose answers ended together
 * @param maxStepFailures steps that may fail in a row before the replica is restarted
 * @param minRestartDelay before the first restart; doubles up to {@code maxRestartDelay}
 */
public record ReplicaSettings(
        String modelId,
        String chatTemplate,
        EngineSettings engine,
        ReuseSettings reuse,
        int maxQueued,
        int maxQueuedPerClient,
        Duration streamInterval,
        Duration successorWait,
        int maxStepFailures,
        Duration minRestartDelay,
        Duration maxRestartDelay) {

    private static final String DRAFT = "draft";
    private static final List<String> SPECULATIONS = List.of("off", "ngram", DRAFT);

    public ReplicaSettings {
        require(engine.maxRunning() >= 1, "maxRunning", engine.maxRunning(), "at least 1");
        require(
                engine.maxBatchTokens() >= engine.maxRunning(),
                "maxBatchTokens",
                engine.maxBatchTokens(),
                "at least maxRunning, " + engine.maxRunning());
        require(maxQueued >= 1, "maxQueued", maxQueued, "at least 1");
        require(maxQueuedPerClient >= 1, "maxQueuedPerClient", maxQueuedPerClient, "at least 1");
        require(!streamInterval.isNegative(), "streamInterval", streamInterval, "at least 0");
        require(!successorWait.isNegative(), "successorWait", successorWait, "at least 0");
        require(maxStepFailures >= 1, "maxStepFailures", maxStepFailures, "at least 1");
        require(!modelId.isBlank(), "modelId", "'" + modelId + "'", "a name");
    }

    /** One client may fill the queue, and each token is told as soon as it is there. */
    public ReplicaSettings(
            String modelId,
            String chatTemplate,
            EngineSettings engine,
            ReuseSettings reuse,
            int maxQueued,
            int maxStepFailures,
            Duration minRestartDelay,
            Duration maxRestartDelay) {
        this(
                modelId,
                chatTemplate,
                engine,
                reuse,
                maxQueued,
                maxQueued,
                Duration.ZERO,
                Duration.ZERO,
                maxStepFailures,
                minRestartDelay,
                maxRestartDelay);
    }

    /** Every token of every request computed by itself. */
    public ReplicaSettings(
            String modelId,
            String chatTemplate,
            EngineSettings engine,
            int maxQueued,
            int maxStepFailures,
            Duration minRestartDelay,
            Duration maxRestartDelay) {
        this(
                modelId,
                chatTemplate,
                engine,
                ReuseSettings.NONE,
                maxQueued,
                maxStepFailures,
                minRestartDelay,
                maxRestartDelay);
    }

    /** The limits of a scheduler over an engine with such a context and cache. */
    public SchedulingLimits limits(int contextLength, int numKvBlocks) {
        return new SchedulingLimits(
                engine.maxBatchTokens(),
                engine.maxRunning(),
                maxQueued,
                contextLength,
                numKvBlocks,
                maxQueuedPerClient);
    }

    /**
     * Reads {@code troupe.serving} and {@code troupe.compute}.
     *
     * @param config the whole configuration
     * @throws TroupeException when a value is missing, of the wrong type or out of range
     */
    public static ReplicaSettings from(Config config) {
        try {
            Config serving = config.getConfig("troupe.serving");
            int threads = serving.getInt("threads");
            require(threads >= 0, "threads", threads, "at least 0");
            EngineSettings engine = new EngineSettings(
                    config.getString("troupe.compute.backend"),
                    Precision.named(serving.getString("precision")),
                    inference(serving),
                    new ComputeThreads(threads, config.getBoolean("troupe.compute.pinned")),
                    serving.getInt("maxBatchTokens"),
                    serving.getInt("maxRunning"),
                    serving.getBytes("kvCache"),
                    ServingMemory.of(serving.getBytes("memory")),
                    draftModel(serving),
                    layouts(serving));
            return new ReplicaSettings(
                    serving.getString("modelId"),
                    serving.getString("chatTemplate"),
                    engine,
                    reuse(serving),
                    serving.getInt("maxQueued"),
                    serving.getInt("maxQueuedPerClient"),
                    serving.getDuration("streamInterval"),
                    serving.getDuration("successorWait"),
                    serving.getInt("maxStepFailures"),
                    serving.getDuration("minRestartDelay"),
                    serving.getDuration("maxRestartDelay"));
        } catch (ConfigException e) {
            throw new TroupeException("the configuration of serving is wrong: " + e.getMessage(), e);
        }
    }

    private static InferenceSettings inference(Config serving) {
        String weights = oneOf(ServedWeights.names(), serving, "weights");
        String prefill = oneOf(Prefill.names(), serving, "prefill");
        String decode = oneOf(Decode.names(), serving, "decode");
        String cache = oneOf(ServedCache.names(), serving, "kvCacheType");
        return new InferenceSettings(
                ServedWeights.named(weights), Prefill.named(prefill), Decode.named(decode), ServedCache.named(cache));
    }

    private static ReuseSettings reuse(Config serving) {
        String speculation = oneOf(SPECULATIONS, serving, "speculation");
        int maxDraft = serving.getInt("maxDraft");
        require(maxDraft >= 1, "maxDraft", maxDraft, "at least 1");
        return new ReuseSettings(
                serving.getBoolean("prefixCache"), speculation.equals("off") ? 0 : maxDraft, speculation.equals(DRAFT));
    }

    private static Optional<Path> draftModel(Config serving) {
        if (!oneOf(SPECULATIONS, serving, "speculation").equals(DRAFT)) {
            return Optional.empty();
        }
        String path = serving.getString("draftModel");
        require(
                !path.isBlank(),
                "draftModel",
                "'" + path + "'",
                "a model's file or directory with speculation = draft");
        return Optional.of(Path.of(path));
    }

    private static Optional<Path> layouts(Config serving) {
        String path = serving.getString("layouts");
        return path.isBlank() ? Optional.empty() : Optional.of(Path.of(path));
    }

    private static String oneOf(List<String> names, Config serving, String key) {
        String name = serving.getString(key);
        require(names.contains(name), key, name, "one of " + names);
        return name;
    }

    private static void require(boolean valid, String key, Object value, String range) {
        if (!valid) {
            throw new TroupeException("troupe.serving." + key + " (" + value + ") must be " + range);
        }
    }
}
