package dev.troupe.model.kernel.attention;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/**
 * Keys and values of one layer in blocks of {@link #BLOCK_TOKENS} tokens (paged attention, arXiv:2309.06180). Which
 * blocks belong to which sequence is the business of a block table.
 *
 * <p>Block layout, per kv head: keys [headDim][BLOCK_TOKENS] (transposed, so that one vector holds the same component
 * of sixteen keys), then values [BLOCK_TOKENS][headDim].
 */
public final class KvBlocks {
    public static final int BLOCK_TOKENS = 16;

    private final AttentionShape shape;
    private final int numBlocks;
    private final Tensor data; // [numBlocks, numKvHeads, 2, headDim * BLOCK_TOKENS]

    public KvBlocks(AttentionShape shape, int numBlocks, TensorArena arena) {
        this.shape = shape;
        this.numBlocks = numBlocks;
        this.data = arena.allocate(numBlocks, shape.numKvHeads(), 2, shape.headDim() * BLOCK_TOKENS);
    }

    public AttentionShape shape() {
        return shape;
    }

    public int numBlocks() {
        return numBlocks;
    }

    public Tensor data() {
        return data;
    }

    /** Element offset of the keys of {@code kvHead} in block {@code block}. */
    public long keyOffset(int block, int kvHead) {
        return ((long) block * shape.numKvHeads() + kvHead) * 2 * shape.headDim() * BLOCK_TOKENS;
    }

    /** Element offset of the values of {@code kvHead} in block {@code block}. */
    public long valueOffset(int block, int kvHead) {
        return keyOffset(block, kvHead) + (long) shape.headDim() * BLOCK_TOKENS;
    }
}
