package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KvBlocks.BLOCK_TOKENS;
import static dev.troupe.model.kernel.attention.KvBlocks.GROUP;

import dev.troupe.model.kernel.vector.Lanes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes and reads single keys and values of {@link KvBlocks}: all writing, and the reading of the reference. */
final class KvStore {
    private static final MemorySegment MEMORY = Lanes.MEMORY;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final int BF16_SHIFT = 16;
    private static final int Q8_MOST = 127;

    private final KvBlocks blocks;
    private final int dim;

    KvStore(KvBlocks blocks) {
        this.blocks = blocks;
        this.dim = blocks.shape().headDim();
    }

    /** Stores the keys and values of one fused row. */
    void keep(long fusedRow, int position, int[] table) {
        AttentionShape shape = blocks.shape();
        int block = table[position / BLOCK_TOKENS];
        int slot = position % BLOCK_TOKENS;
        for (int g = 0; g < shape.numKvHeads(); g++) {
            long key = fusedRow + (shape.queryWidth() + (long) g * dim) * 4;
            store(key, keys(block, g), slot, BLOCK_TOKENS, slot, BLOCK_TOKENS);
            int first = slot * KvBlocks.numGroups(dim);
            store(key + shape.kvWidth() * 4L, values(block, g), slot * dim, 1, first, 1);
        }
    }

    float key(int[] table, int kvHead, int position, int d) {
        int slot = position % BLOCK_TOKENS;
        long section = keys(table[position / BLOCK_TOKENS], kvHead);
        return load(section, d * BLOCK_TOKENS + slot, d / GROUP * BLOCK_TOKENS + slot);
    }

    float value(int[] table, int kvHead, int position, int d) {
        int slot = position % BLOCK_TOKENS;
        long section = values(table[position / BLOCK_TOKENS], kvHead);
        return load(section, slot * dim + d, slot * KvBlocks.numGroups(dim) + d / GROUP);
    }

    private long keys(int block, int kvHead) {
        return blocks.data().address() + blocks.keyOffset(block, kvHead);
    }

    private long values(int block, int kvHead) {
        return blocks.data().address() + blocks.valueOffset(block, kvHead);
    }

    /** Stores headDim floats as the elements first, first + step, ... of a section, with scales likewise. */
    private void store(long from, long section, int first, int step, int firstScale, int scaleStep) {
        switch (blocks.type()) {
            case F32 -> {
                for (int d = 0; d < dim; d++) {
                    MEMORY.set(FLOAT, section + (first + (long) d * step) * 4, MEMORY.get(FLOAT, from + d * 4L));
                }
            }
            case BF16 -> {
                for (int d = 0; d < dim; d++) {
                    MEMORY.set(SHORT, section + (first + (long) d * step) * 2, bf16(MEMORY.get(FLOAT, from + d * 4L)));
                }
            }
            case F16 -> {
                for (int d = 0; d < dim; d++) {
                    short half = Float.floatToFloat16(MEMORY.get(FLOAT, from + d * 4L));
                    MEMORY.set(SHORT, section + (first + (long) d * step) * 2, half);
                }
            }
            case Q8_0 -> {
                for (int g = 0; g * GROUP < dim; g++) {
                    int count = Math.min(GROUP, dim - g * GROUP);
                    long scale = section + blocks.scalesOffset() + (firstScale + (long) g * scaleStep) * 2;
                    storeGroup(count, from + 4L * g * GROUP, section + first + (long) g * GROUP * step, step, scale);
                }
            }
            case Q4_0, Q4_K, Q6_K -> throw new IllegalStateException("refused by KvBlocks");
        }
    }

    private static void storeGroup(int count, long from, long to, int step, long toScale) {
        float greatest = 0;
        for (int i = 0; i < count; i++) {
            greatest = Math.max(greatest, Math.abs(MEMORY.get(FLOAT, from + i * 4L)));
        }
        short half = Float.floatToFloat16(greatest / Q8_MOST);
        float scale = Float.float16ToFloat(half);
        MEMORY.set(SHORT, toScale, half);
        for (int i = 0; i < count; i++) {
            double steps = scale == 0 ? 0 : Math.rint(MEMORY.get(FLOAT, from + i * 4L) / scale);
            byte stored = (byte) Math.clamp(steps, -Q8_MOST, Q8_MOST); // NaN becomes 0, and reads as NaN by its scale
            MEMORY.set(ValueLayout.JAVA_BYTE, to + (long) i * step, stored);
        }
    }

    private float load(long section, int element, int scale) {
        return switch (blocks.type()) {
            case F32 -> MEMORY.get(FLOAT, section + element * 4L);
            case BF16 -> Float.intBitsToFloat(MEMORY.get(SHORT, section + element * 2L) << BF16_SHIFT);
            case F16 -> Float.float16ToFloat(MEMORY.get(SHORT, section + element * 2L));
            case Q8_0 ->
                MEMORY.get(ValueLayout.JAVA_BYTE, section + element)
                        * Float.float16ToFloat(MEMORY.get(SHORT, section + blocks.scalesOffset() + scale * 2L));
            case Q4_0, Q4_K, Q6_K -> throw new IllegalStateException("refused by KvBlocks");
        };
    }

    /** The upper half of the nearest float32 that has no lower half. */
    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> BF16_SHIFT) | 0x40); // stays a NaN
        }
        return (short) ((bits + 0x7FFF + ((bits >>> BF16_SHIFT) & 1)) >>> BF16_SHIFT);
    }
}
