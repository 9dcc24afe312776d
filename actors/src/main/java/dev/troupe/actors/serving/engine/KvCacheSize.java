package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.kv.BlockTable;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.attention.KvBlocks;

/** How many blocks of keys and values a memory budget gives. */
final class KvCacheSize {
    private KvCacheSize() {}

    /** Bytes of one block over all layers: keys and values of BLOCK_TOKENS positions, float32. */
    static long blockBytes(ModelConfig config) {
        long floats = 2L * KvBlocks.BLOCK_TOKENS * config.numKvHeads() * config.headDim() * config.numLayers();
        return floats * Float.BYTES;
    }

    /** @throws TroupeException when not even one full context fits */
    static int numBlocks(ModelConfig config, EngineSettings settings) {
        int contextBlocks = BlockTable.numBlocksFor(config.contextLength());
        long affordable = settings.kvCacheBytes() / blockBytes(config);
        if (affordable < contextBlocks) {
            throw new TroupeException("troupe.serving.kvCache (" + settings.kvCacheBytes()
                    + " bytes) cannot hold one context of " + config.contextLength() + " tokens: set it to at least "
                    + contextBlocks * blockBytes(config) + " bytes");
        }
        long useful = (long) contextBlocks * settings.maxRunning();
        return Math.toIntExact(Math.min(affordable, useful));
    }
}
