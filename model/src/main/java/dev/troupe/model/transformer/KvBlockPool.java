package dev.troupe.model.transformer;

import org.jspecify.annotations.Nullable;

/** The free list of an {@link InferenceModel}'s blocks of keys and values. Not thread-safe: its scheduler owns it. */
public final class KvBlockPool {
    private final int[] free; // a stack: the first numFree are free
    private final boolean[] taken;
    private int numFree;

    public KvBlockPool(int numBlocks) {
        this.free = new int[numBlocks];
        this.taken = new boolean[numBlocks];
        this.numFree = numBlocks;
        for (int i = 0; i < numBlocks; i++) {
            free[i] = numBlocks - 1 - i; // block 0 goes first
        }
    }

    /** {@code count} block numbers, or null and nothing taken when there are fewer. */
    public int @Nullable [] tryAllocate(int count) {
        if (count > numFree) {
            return null;
        }
        int[] blocks = new int[count];
        for (int i = 0; i < count; i++) {
            blocks[i] = free[--numFree];
            taken[blocks[i]] = true;
        }
        return blocks;
    }

    /**
     * Gives blocks back.
     *
     * @throws IllegalStateException when a block is already free
     */
    public void free(int[] blocks) {
        for (int block : blocks) {
            if (!taken[block]) {
                throw new IllegalStateException("KV block " + block + " is freed twice");
            }
            taken[block] = false;
            free[numFree++] = block;
        }
    }

    /** Number of free blocks. */
    public int available() {
        return numFree;
    }
}
