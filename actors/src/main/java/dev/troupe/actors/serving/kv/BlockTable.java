package dev.troupe.actors.serving.kv;

import dev.troupe.model.kernel.attention.KvBlocks;
import java.util.Arrays;

/**
 * The cache blocks of one sequence: entry p / BLOCK_TOKENS holds position p. Immutable, so that a running step keeps
 * reading the table it was given while the sequence grows or is cancelled.
 */
public final class BlockTable {
    /** The table of a sequence that has nothing in the cache. */
    public static final BlockTable EMPTY = new BlockTable(new int[0]);

    private final int[] blocks;

    private BlockTable(int[] blocks) {
        this.blocks = blocks;
    }

    /** Blocks that {@code numTokens} positions take. */
    public static int numBlocksFor(int numTokens) {
        return Math.ceilDiv(numTokens, KvBlocks.BLOCK_TOKENS);
    }

    /** This table with {@code more} blocks at its end. */
    public BlockTable plus(int[] more) {
        int[] grown = Arrays.copyOf(blocks, blocks.length + more.length);
        System.arraycopy(more, 0, grown, blocks.length, more.length);
        return new BlockTable(grown);
    }

    /** This table with another block in place of number {@code index}. */
    public BlockTable with(int index, int block) {
        int[] changed = blocks.clone();
        changed[index] = block;
        return new BlockTable(changed);
    }

    /** The last block; there is one. */
    public int last() {
        return blocks[blocks.length - 1];
    }

    public int numBlocks() {
        return blocks.length;
    }

    /** Positions that fit. */
    public int capacityTokens() {
        return blocks.length * KvBlocks.BLOCK_TOKENS;
    }

    /** The block numbers, as the attention kernel reads them: not a copy, not to be changed. */
    public int[] blocks() {
        return blocks;
    }

    @Override
    public String toString() {
        return "BlockTable" + Arrays.toString(blocks);
    }
}
