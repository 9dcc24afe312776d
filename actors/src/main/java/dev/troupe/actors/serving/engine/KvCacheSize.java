package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.kv.BlockTable;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ModelPart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many blocks of keys and values a memory budget gives, beside the rows of a step.
 *
 * @param bytes most of cache and rows
 * @param says whose limit that is
 * @param maxRunning most sequences with a place in it
 * @param blockBytes of one block, in all models that share the cache
 * @param rowBytes of a step's rows, in all of these models
 */
record KvCacheSize(long bytes, String says, int maxRunning, long blockBytes, long rowBytes) {
    private static final Logger LOG = LoggerFactory.getLogger(KvCacheSize.class);

    /** A context that is shorter than this and than the model's is a mistake of the configuration. */
    private static final int LEAST_CONTEXT = 2048;

    /** As it is configured. */
    static KvCacheSize of(EngineSettings settings, long blockBytes, long rowBytes) {
        return new KvCacheSize(
                settings.kvCacheBytes(), "troupe.serving.kvCache", settings.maxRunning(), blockBytes, rowBytes);
    }

    /** Bytes of one block over all layers: keys and values of BLOCK_TOKENS positions. */
    static long blockBytes(ModelConfig config, StorageType type) {
        return ModelPart.whole(config).cacheBlockBytes(type);
    }

    /**
     * Bytes of a step's rows: all that go through the layers, and the logits of one for each running sequence. Guesses
     * and prompts whose logits are asked for take more.
     */
    static long rowBytes(ModelPart part, EngineSettings settings) {
        return part.rowBytes(settings.maxBatchTokens(), settings.maxRunning());
    }

    /** At most so many bytes. */
    KvCacheSize within(long left, ServingMemory memory) {
        return left >= bytes
                ? this
                : new KvCacheSize(
                        left, "what weights leave of the memory " + memory.says(), maxRunning, blockBytes, rowBytes);
    }

    /**
     * The model with as much of its context as the cache can hold: published models reach much further than one machine
     * has memory for. Learned positions are not cut.
     */
    ModelConfig fitting(ModelConfig config) {
        long tokens = affordableBlocks() * KvBlocks.BLOCK_TOKENS;
        if (config.positions() != PositionKind.ROTARY || tokens >= config.contextLength() || tokens < LEAST_CONTEXT) {
            return config;
        }
        LOG.warn(
                "the model's context of {} tokens is served as {}: {} is {} bytes, a whole context needs {}",
                config.contextLength(),
                tokens,
                says,
                bytes,
                leastBytes(config));
        return config.withContextLength((int) tokens);
    }

    private long affordableBlocks() {
        return Math.max(0, bytes - rowBytes) / blockBytes;
    }

    /** For one whole context. */
    private long leastBytes(ModelConfig config) {
        return rowBytes + BlockTable.numBlocksFor(config.contextLength()) * blockBytes;
    }

    /**
     * Blocks of the cache.
     *
     * @throws TroupeException when not even one full context fits
     */
    int numBlocks(ModelConfig config) {
        int contextBlocks = BlockTable.numBlocksFor(config.contextLength());
        long affordable = affordableBlocks();
        if (affordable < contextBlocks) {
            throw new TroupeException(says + " (" + bytes + " bytes) cannot hold one context of "
                    + config.contextLength() + " tokens: at least " + leastBytes(config) + " bytes are needed, "
                    + rowBytes + " of them for the rows of a step (troupe.serving.maxBatchTokens)");
        }
        long useful = (long) contextBlocks * maxRunning;
        return (int) Math.min(Integer.MAX_VALUE, Math.min(affordable, useful));
    }
}
