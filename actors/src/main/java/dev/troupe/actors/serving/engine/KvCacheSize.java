package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.kv.BlockTable;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ModelPart;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many blocks of keys and values a memory budget gives. */
final class KvCacheSize {
    private static final Logger LOG = LoggerFactory.getLogger(KvCacheSize.class);

    /** A context that is shorter than this and than the model's is a mistake of the configuration. */
    private static final int LEAST_CONTEXT = 2048;

    private KvCacheSize() {}

    /** Bytes of one block over all layers: keys and values of BLOCK_TOKENS positions. */
    static long blockBytes(ModelConfig config, StorageType type) {
        return ModelPart.whole(config).cacheBlockBytes(type);
    }

    /**
     * The model with as much of its context as the cache can hold: published models reach much further than one machine
     * has memory for. Learned positions are not cut.
     *
     * @param blockBytes of one block, in all models that share the cache
     */
    static ModelConfig fitting(ModelConfig config, EngineSettings settings, long blockBytes) {
        long tokens = settings.kvCacheBytes() / blockBytes * KvBlocks.BLOCK_TOKENS;
        if (config.positions() != PositionKind.ROTARY || tokens >= config.contextLength() || tokens < LEAST_CONTEXT) {
            return config;
        }
        LOG.warn(
                "the model's context of {} tokens is served as {}: troupe.serving.kvCache is {} bytes, a whole context"
                        + " needs {}",
                config.contextLength(),
                tokens,
                settings.kvCacheBytes(),
                BlockTable.numBlocksFor(config.contextLength()) * blockBytes);
        return config.withContextLength((int) tokens);
    }

    /**
     * What to say where weights and a full cache are more than there is memory: the system ends a process that takes
     * more, and the cache fills only when many ask.
     *
     * @param weightBytes as they are stored
     * @param memory of the machine, or of the container that this runs in
     */
    static Optional<String> tooMuch(long weightBytes, long cacheBytes, long memory) {
        if (weightBytes + cacheBytes <= memory) {
            return Optional.empty();
        }
        return Optional.of("keys and values may come to " + cacheBytes + " bytes, beside weights of " + weightBytes
                + ", but the machine or container has " + memory
                + ": the system ends this process when the cache is full; lower troupe.serving.kvCache");
    }

    /**
     * Blocks of the cache.
     *
     * @param blockBytes of one block, in all models that share the cache
     * @throws TroupeException when not even one full context fits
     */
    static int numBlocks(ModelConfig config, EngineSettings settings, long blockBytes) {
        int contextBlocks = BlockTable.numBlocksFor(config.contextLength());
        long affordable = settings.kvCacheBytes() / blockBytes;
        if (affordable < contextBlocks) {
            throw new TroupeException("troupe.serving.kvCache (" + settings.kvCacheBytes()
                    + " bytes) cannot hold one context of " + config.contextLength() + " tokens: set it to at least "
                    + contextBlocks * blockBytes + " bytes");
        }
        long useful = (long) contextBlocks * settings.maxRunning();
        return (int) Math.min(Integer.MAX_VALUE, Math.min(affordable, useful));
    }
}
