package dev.troupe.model.kernel.quantized;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Where the parts of a block lie, in bytes from its start, and how single numbers are read. */
public final class BlockLayout {
    /** Numbers of a block of Q8_0 and Q4_0, and of the sub-blocks of Q4_K that have a scale and a minimum. */
    public static final int SMALL = 32;

    /** Numbers of a block of Q4_K and Q6_K. */
    public static final int LARGE = 256;

    public static final int Q8_0_SCALE = 0;
    public static final int Q8_0_NUMBERS = 2;

    public static final int Q4_0_SCALE = 0;
    static final int Q4_0_NUMBERS = 2;
    static final int Q4_0_ZERO = 8; // what is subtracted from a stored number

    public static final int Q4_K_SCALE = 0;
    public static final int Q4_K_MIN_SCALE = 2;
    static final int Q4_K_SCALES = 4; // 12 bytes
    static final int Q4_K_NUMBERS = 16;
    /** Sub-blocks of a block of Q4_K. */
    public static final int Q4_K_SCALED = LARGE / SMALL;

    static final int Q6_K_LOW = 0;
    static final int Q6_K_HIGH = 128;
    public static final int Q6_K_SCALES = 192;
    public static final int Q6_K_SCALE = 208;
    static final int Q6_K_ZERO = 32;
    /** Numbers of Q6_K that share a scale. */
    public static final int Q6_K_GROUP = 16;

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int INFINITE = 0x7C00; // the exponent of a float16 that is not finite
    private static final long LOW_BITS = 0x0F0F_0F0F_0F0F_0F0FL;
    private static final long LOWEST_BITS = 0x0303_0303_0303_0303L;

    private BlockLayout() {}

    static float half(MemorySegment bytes, long at) {
        return Float.float16ToFloat(bytes.get(SHORT, at));
    }

    /** The 16 bits at {@code at}. */
    public static int bits16(MemorySegment bytes, long at) {
        return bytes.get(SHORT, at) & 0xFFFF;
    }

    /**
     * The first byte of the first block with a float16 that is not finite.
     *
     * @param blocks native, whole
     * @return -1 when there is none
     */
    static long firstNotFinite(StorageType type, MemorySegment blocks) {
        return switch (type) {
            case F32, BF16 -> -1;
            case F16, Q8_0, Q4_0 -> firstNotFinite(type, blocks, 0);
            case Q4_K -> {
                long scale = firstNotFinite(type, blocks, Q4_K_SCALE);
                long min = firstNotFinite(type, blocks, Q4_K_MIN_SCALE);
                yield scale < 0 || min < 0 ? Math.max(scale, min) : Math.min(scale, min);
            }
            case Q6_K -> firstNotFinite(type, blocks, Q6_K_SCALE);
        };
    }

    /** Addresses, not a segment's offsets: each weight of a model goes through this once, most of it not compiled. */
    private static long firstNotFinite(StorageType type, MemorySegment blocks, long at) {
        int step = type.blockBytes();
        long start = blocks.address();
        long end = start + blocks.byteSize();
        for (long block = start; block < end; block += step) {
            if ((Lanes.MEMORY.get(SHORT, block + at) & INFINITE) == INFINITE) {
                return block - start;
            }
        }
        return -1;
    }

    /** The byte at {@code at}, 0 to 255. */
    public static int unsigned(MemorySegment bytes, long at) {
        return bytes.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    /** Scale of sub-block {@code j} of the block of Q4_K at {@code block}, 0 to 63. */
    public static int scaleOfQ4K(MemorySegment bytes, long block, int j) {
        long scales = block + Q4_K_SCALES;
        return j < 4
                ? unsigned(bytes, scales + j) & 63
                : (unsigned(bytes, scales + j + 4) & 15) | (unsigned(bytes, scales + j - 4) >> 6 << 4);
    }

    /** Minimum of sub-block {@code j} of the block of Q4_K at {@code block}, 0 to 63. */
    public static int minOfQ4K(MemorySegment bytes, long block, int j) {
        long scales = block + Q4_K_SCALES;
        return j < 4
                ? unsigned(bytes, scales + j + 4) & 63
                : (unsigned(bytes, scales + j + 4) >> 4) | (unsigned(bytes, scales + j) >> 6 << 4);
    }

    /** Number {@code i} of the block of Q4_0 at {@code block}, 0 to 15. */
    public static int numberOfQ4(MemorySegment bytes, long block, int i) {
        int pair = unsigned(bytes, block + Q4_0_NUMBERS + i % 16);
        return i < 16 ? pair & 15 : pair >> 4;
    }

    /** Numbers 8 · {@code eight} and following of the block of Q4_0 at {@code block}, the first in the lowest bits. */
    public static int eightOfQ4(MemorySegment bytes, long block, int eight) {
        long pairs = bytes.get(LONG, block + Q4_0_NUMBERS + eight % 2 * 8L);
        return (int) Long.compress(pairs, eight < 2 ? LOW_BITS : ~LOW_BITS);
    }

    /** Numbers 8 · {@code eight} and following of the block of Q4_K at {@code block}, the first in the lowest bits. */
    public static int eightOfQ4K(MemorySegment bytes, long block, int eight) {
        long pairs = bytes.get(LONG, block + Q4_K_NUMBERS + eight / 8 * 32L + eight % 4 * 8L);
        return (int) Long.compress(pairs, eight % 8 < 4 ? LOW_BITS : ~LOW_BITS);
    }

    /** Number {@code i} of the block of Q4_K at {@code block}, 0 to 15. */
    public static int numberOfQ4K(MemorySegment bytes, long block, int i) {
        int pair = unsigned(bytes, block + Q4_K_NUMBERS + i / 64 * 32L + i % 32);
        return i % 64 < 32 ? pair & 15 : pair >> 4;
    }

    /**
     * The lower bits of numbers 8 · {@code half} and following of a group of the block of Q6_K at {@code block}: in
     * byte i those of number i, lowest, and of number 4 + i.
     */
    public static int lowerOfQ6K(MemorySegment bytes, long block, int group, int half) {
        int from = group * Q6_K_GROUP + half * 8;
        long pairs = bytes.get(LONG, block + Q6_K_LOW + from / 128 * 64L + from % 64);
        long eight = (from % 128 < 64 ? pairs : pairs >>> 4) & LOW_BITS;
        return (int) (eight | (eight >>> 28));
    }

    /**
     * The upper two bits of all numbers of a group of the block of Q6_K at {@code block}: in byte i those of number i,
     * lowest, and of numbers 4 + i, 8 + i and 12 + i.
     */
    public static int upperOfQ6K(MemorySegment bytes, long block, int group) {
        int from = group * Q6_K_GROUP;
        long at = block + Q6_K_HIGH + from / 128 * 32L + from % 32;
        int shift = from % 128 / 32 * 2;
        long first = (bytes.get(LONG, at) >>> shift) & LOWEST_BITS;
        long second = (bytes.get(LONG, at + 8) >>> shift) & LOWEST_BITS;
        return (int) (first | (first >>> 30) | (second << 4) | (second >>> 26));
    }

    /** Number {@code i} of the block of Q6_K at {@code block}, 0 to 63. */
    public static int numberOfQ6K(MemorySegment bytes, long block, int i) {
        int half = i / 128;
        int pair = unsigned(bytes, block + Q6_K_LOW + half * 64L + i % 64);
        int low = i % 128 < 64 ? pair & 15 : pair >> 4;
        int high = unsigned(bytes, block + Q6_K_HIGH + half * 32L + i % 32) >> (i % 128 / 32 * 2) & 3;
        return low | (high << 4);
    }
}
