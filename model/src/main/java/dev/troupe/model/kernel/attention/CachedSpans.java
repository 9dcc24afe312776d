package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KeySpans.SCORE_ROW;
import static dev.troupe.model.kernel.attention.KeySpans.SPAN;
import static dev.troupe.model.kernel.attention.KvBlocks.BLOCK_TOKENS;
import static dev.troupe.model.kernel.attention.KvBlocks.GROUP;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.set;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.StoredLanes;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/** Keys and values of one head of one sequence, from its cache blocks; they become float32 here. */
final class CachedSpans implements KeySpans.Source {
    private final KvBlocks blocks;
    private final KvStore store;
    private final int kvHead;
    private final int[] table;
    private final int dim;
    private final int whole; // numbers of a value that fill vectors
    private final int width;

    CachedSpans(KvBlocks blocks, int kvHead, int[] table) {
        this.blocks = blocks;
        this.store = new KvStore(blocks);
        this.kvHead = kvHead;
        this.table = table;
        this.dim = blocks.shape().headDim();
        this.whole = dim / LANES * LANES;
        this.width = PaddedRows.width(dim);
    }

    @Override
    public void load(int span, int from, int to, long toKeys, long toValues) {
        for (int at = from; at < to; at += BLOCK_TOKENS) {
            int position = span * SPAN + at;
            int block = table[position / BLOCK_TOKENS];
            long keys = blocks.data().address() + blocks.keyOffset(block, kvHead);
            long values = blocks.data().address() + blocks.valueOffset(block, kvHead);
            int count = Math.min(BLOCK_TOKENS, to - at);
            long target = toValues + 4L * at * width;
            switch (blocks.type()) {
                case F32 -> {
                    keys(keys, toKeys + at * 4L);
                    values(count, values, target);
                }
                case BF16 -> {
                    bf16Keys(keys, toKeys + at * 4L);
                    bf16Values(count, values, target);
                }
                case F16 -> {
                    f16Keys(keys, toKeys + at * 4L);
                    f16Values(count, values, target);
                }
                case Q8_0 -> {
                    q8Keys(keys, toKeys + at * 4L);
                    q8Values(count, values, target);
                }
                case Q4_0, Q4_K, Q6_K -> throw new IllegalStateException("refused by KvBlocks");
            }
            rest(count, position, target);
        }
    }

    /** The numbers of values that do not fill a vector. */
    private void rest(int count, int position, long to) {
        for (int d = whole; d < dim; d++) {
            for (int t = 0; t < count; t++) {
                set(to + ((long) t * width + d) * 4, store.value(table, kvHead, position + t, d));
            }
        }
    }

    private void keys(long from, long to) {
        for (int d = 0; d < dim; d++) {
            for (int i = 0; i < BLOCK_TOKENS; i += LANES) {
                Lanes.load(from + (d * BLOCK_TOKENS + i) * 4L)
                        .intoMemorySegment(MEMORY, to + d * SCORE_ROW + i * 4L, ORDER);
            }
        }
    }

    private void values(int count, long from, long to) {
        for (int t = 0; t < count; t++) {
            for (int d = 0; d < whole; d += LANES) {
                Lanes.load(from + (t * dim + d) * 4L).intoMemorySegment(MEMORY, to + (t * width + d) * 4L, ORDER);
            }
        }
    }

    private void bf16Keys(long from, long to) {
        for (int d = 0; d < dim; d++) {
            for (int i = 0; i < BLOCK_TOKENS; i += LANES) {
                StoredLanes.bf16(from + (d * BLOCK_TOKENS + i) * 2L)
                        .intoMemorySegment(MEMORY, to + d * SCORE_ROW + i * 4L, ORDER);
            }
        }
    }

    private void bf16Values(int count, long from, long to) {
        for (int t = 0; t < count; t++) {
            for (int d = 0; d < whole; d += LANES) {
                StoredLanes.bf16(from + (t * dim + d) * 2L).intoMemorySegment(MEMORY, to + (t * width + d) * 4L, ORDER);
            }
        }
    }

    private void f16Keys(long from, long to) {
        for (int d = 0; d < dim; d++) {
            for (int i = 0; i < BLOCK_TOKENS; i += LANES) {
                StoredLanes.f16(from + (d * BLOCK_TOKENS + i) * 2L)
                        .intoMemorySegment(MEMORY, to + d * SCORE_ROW + i * 4L, ORDER);
            }
        }
    }

    private void f16Values(int count, long from, long to) {
        for (int t = 0; t < count; t++) {
            for (int d = 0; d < whole; d += LANES) {
                StoredLanes.f16(from + (t * dim + d) * 2L).intoMemorySegment(MEMORY, to + (t * width + d) * 4L, ORDER);
            }
        }
    }

    private void q8Keys(long from, long to) {
        long scales = from + blocks.scalesOffset();
        for (int i = 0; i < BLOCK_TOKENS; i += LANES) {
            for (int first = 0; first < dim; first += GROUP) {
                FloatVector scale = StoredLanes.f16(scales + (first / GROUP * BLOCK_TOKENS + i) * 2L);
                q8Group(
                        Math.min(GROUP, dim - first),
                        from + (long) first * BLOCK_TOKENS + i,
                        scale,
                        to + first * SCORE_ROW + i * 4L);
            }
        }
    }

    private static void q8Group(int count, long from, FloatVector scale, long to) {
        for (int d = 0; d < count; d++) {
            StoredLanes.bytes(from + (long) d * BLOCK_TOKENS)
                    .mul(scale)
                    .intoMemorySegment(MEMORY, to + d * SCORE_ROW, ORDER);
        }
    }

    private void q8Values(int count, long from, long to) {
        int groups = KvBlocks.numGroups(dim);
        for (int t = 0; t < count; t++) {
            long scales = from + blocks.scalesOffset() + (long) t * groups * 2;
            for (int d = 0; d < whole; d += LANES) {
                short half = MEMORY.get(ValueLayout.JAVA_SHORT_UNALIGNED, scales + d / GROUP * 2L);
                FloatVector scale = FloatVector.broadcast(SPECIES, Float.float16ToFloat(half));
                StoredLanes.bytes(from + (long) t * dim + d)
                        .mul(scale)
                        .intoMemorySegment(MEMORY, to + (t * width + d) * 4L, ORDER);
            }
        }
    }
}
