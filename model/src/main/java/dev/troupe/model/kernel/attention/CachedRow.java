package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KvBlocks.BLOCK_TOKENS;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;

import dev.troupe.model.kernel.vector.Tiles;

/**
 * One query row against paged keys and values; the heads that share a key-value head are the rows of the tiles.
 * Scratch: scores [heads, length], output [heads, D], one block's values [BLOCK_TOKENS, D], rows padded to whole
 * vectors.
 */
final class CachedRow {
    private CachedRow() {}

    static long scratchBytes(AttentionShape shape, int length) {
        long group = shape.numHeads() / shape.numKvHeads();
        long width = PaddedRows.width(shape.headDim());
        return 4 * (group * scoreWidth(length) + (group + BLOCK_TOKENS) * width);
    }

    private static int scoreWidth(int length) {
        return (length + BLOCK_TOKENS - 1) / BLOCK_TOKENS * BLOCK_TOKENS;
    }

    /** Copies the row's key and value to their place. */
    static void keep(KvBlocks blocks, int kvHead, long qkv, int position, int[] table) {
        AttentionShape shape = blocks.shape();
        int dim = shape.headDim();
        int block = table[position / BLOCK_TOKENS];
        int slot = position % BLOCK_TOKENS;
        long key = qkv + (shape.queryWidth() + (long) kvHead * dim) * 4;
        long value = key + shape.kvWidth() * 4L;
        long toKey = blocks.data().address() + blocks.keyOffset(block, kvHead) * 4;
        long toValue = blocks.data().address() + blocks.valueOffset(block, kvHead) * 4;
        for (int d = 0; d < dim; d++) {
            set(toKey + ((long) d * BLOCK_TOKENS + slot) * 4, get(key + d * 4L));
            set(toValue + ((long) slot * dim + d) * 4, get(value + d * 4L));
        }
    }

    static void attend(KvBlocks blocks, int kvHead, long qkv, int position, int[] table, long scratch, long out) {
        AttentionShape shape = blocks.shape();
        int dim = shape.headDim();
        int group = shape.numHeads() / shape.numKvHeads();
        int length = position + 1;
        long headRow = dim * 4L;
        long query = qkv + (long) kvHead * group * headRow;
        long scoreRow = scoreWidth(length) * 4L;
        int width = PaddedRows.width(dim);
        long strip = scratch + group * scoreRow;
        long padded = strip + (long) group * width * 4;
        long data = blocks.data().address();
        for (int at = 0; at < length; at += BLOCK_TOKENS) {
            long keys = data + blocks.keyOffset(table[at / BLOCK_TOKENS], kvHead) * 4;
            long to = scratch + at * 4L;
            Tiles.product(group, BLOCK_TOKENS, dim, query, headRow, 4, keys, BLOCK_TOKENS * 4L, to, scoreRow, false);
        }
        float scale = (float) (1 / Math.sqrt(dim));
        for (int h = 0; h < group; h++) {
            long row = scratch + h * scoreRow;
            float max = SoftmaxRow.max(length, row);
            // The sum waits where the head's output goes.
            set(out + ((long) kvHead * group + h) * headRow, SoftmaxRow.exponentials(length, row, scale, max));
        }
        for (int at = 0; at < length; at += BLOCK_TOKENS) {
            int tokens = Math.min(BLOCK_TOKENS, length - at);
            long values = data + blocks.valueOffset(table[at / BLOCK_TOKENS], kvHead) * 4;
            if (width != dim) {
                PaddedRows.pad(tokens, dim, values, headRow, padded);
                values = padded;
            }
            long a = scratch + at * 4L;
            Tiles.product(group, width, tokens, a, scoreRow, 4, values, width * 4L, strip, width * 4L, at > 0);
        }
        for (int h = 0; h < group; h++) {
            long target = out + ((long) kvHead * group + h) * headRow;
            SoftmaxRow.scale(dim, strip + (long) h * width * 4, 1 / get(target), target);
        }
    }
}
