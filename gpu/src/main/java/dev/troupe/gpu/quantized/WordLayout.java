package dev.troupe.gpu.quantized;

import dev.troupe.model.kernel.quantized.BlockLayout;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * How a stored weight W [n, k] lies in the heap of words: [groups of k][words of a group][n], so that neighbouring work
 * items, which have neighbouring outputs, read neighbouring words. Within a word the numbers come in order of k from
 * the lowest bits on. Words of a group:
 *
 * <ul>
 *   <li>BF16, F16 (2 numbers): the two.
 *   <li>Q8_0 (64): two float16 scales; 16 of four signed bytes.
 *   <li>Q4_0 (64): two float16 scales; 8 of eight numbers of four bits.
 *   <li>Q4_K (256): the float16 scales of scales and of minima; 4 of two pairs of scale and minimum, a byte each; 32 of
 *       eight numbers of four bits.
 *   <li>Q6_K (256): the float16 scale of scales; 4 of four scales, a signed byte each; 32 of eight lower halves of four
 *       bits; 16 of sixteen upper parts of two bits.
 * </ul>
 */
final class WordLayout {
    static final int Q8_0_WORDS = 17;
    static final int Q4_0_WORDS = 9;
    static final int Q4_K_WORDS = 37;
    static final int Q4_K_NUMBERS = 5;
    static final int Q6_K_WORDS = 53;
    static final int Q6_K_LOW = 5;
    static final int Q6_K_HIGH = 37;

    private static final int COLUMNS = 16; // outputs that are laid out together: a cache line of words

    private WordLayout() {}

    /** Numbers of a group. */
    static int groupElements(StorageType type) {
        return switch (type) {
            case BF16, F16 -> 2;
            case Q8_0, Q4_0 -> 2 * BlockLayout.SMALL;
            case Q4_K, Q6_K -> BlockLayout.LARGE;
            case F32 -> throw new IllegalArgumentException("float32 numbers are not words");
        };
    }

    private static int groupWords(StorageType type) {
        return switch (type) {
            case BF16, F16 -> 1;
            case Q8_0 -> Q8_0_WORDS;
            case Q4_0 -> Q4_0_WORDS;
            case Q4_K -> Q4_K_WORDS;
            case Q6_K -> Q6_K_WORDS;
            case F32 -> throw new IllegalArgumentException("float32 numbers are not words");
        };
    }

    /** Words for a row of {@code k} numbers. */
    static int rowWords(StorageType type, int k) {
        return Math.multiplyExact(Math.ceilDiv(k, groupElements(type)), groupWords(type));
    }

    /** Writes the words of W, whose rows are as in a GGUF file. */
    static void pack(StorageType type, int n, int k, MemorySegment rows, MemorySegment words) {
        int size = groupWords(type);
        int[] group = new int[size];
        long rowBytes = type.bytes(k);
        int groups = Math.ceilDiv(k, groupElements(type));
        for (int first = 0; first < n; first += COLUMNS) {
            int end = Math.min(n, first + COLUMNS);
            for (int g = 0; g < groups; g++) {
                for (int column = first; column < end; column++) {
                    int numbers = Math.min(groupElements(type), k - g * groupElements(type));
                    read(type, rows, column * rowBytes + type.bytes((long) g * groupElements(type)), numbers, group);
                    for (int w = 0; w < size; w++) {
                        words.setAtIndex(ValueLayout.JAVA_INT, ((long) g * size + w) * n + column, group[w]);
                    }
                }
            }
        }
    }

    private static void read(StorageType type, MemorySegment rows, long at, int numbers, int[] group) {
        Arrays.fill(group, 0);
        switch (type) {
            case BF16, F16 -> {
                for (int i = 0; i < numbers; i++) {
                    put(group, 0, i, 16, BlockLayout.bits16(rows, at + 2L * i));
                }
            }
            case Q8_0, Q4_0 -> {
                for (int block = 0; block * BlockLayout.SMALL < numbers; block++) {
                    long from = at + (long) block * type.blockBytes();
                    put(group, 0, block, 16, BlockLayout.bits16(rows, from));
                    for (int i = 0; i < BlockLayout.SMALL; i++) {
                        int number = block * BlockLayout.SMALL + i;
                        if (type == StorageType.Q8_0) {
                            put(group, 1, number, 8, BlockLayout.unsigned(rows, from + BlockLayout.Q8_0_NUMBERS + i));
                        } else {
                            put(group, 1, number, 4, BlockLayout.numberOfQ4(rows, from, i));
                        }
                    }
                }
            }
            case Q4_K -> readQ4K(rows, at, group);
            case Q6_K -> readQ6K(rows, at, group);
            case F32 -> throw new IllegalArgumentException("float32 numbers are not words");
        }
    }

    private static void readQ4K(MemorySegment rows, long at, int[] group) {
        put(group, 0, 0, 16, BlockLayout.bits16(rows, at + BlockLayout.Q4_K_SCALE));
        put(group, 0, 1, 16, BlockLayout.bits16(rows, at + BlockLayout.Q4_K_MIN_SCALE));
        for (int j = 0; j < BlockLayout.Q4_K_SCALED; j++) {
            put(group, 1, 2 * j, 8, BlockLayout.scaleOfQ4K(rows, at, j));
            put(group, 1, 2 * j + 1, 8, BlockLayout.minOfQ4K(rows, at, j));
        }
        for (int i = 0; i < BlockLayout.LARGE; i++) {
            put(group, Q4_K_NUMBERS, i, 4, BlockLayout.numberOfQ4K(rows, at, i));
        }
    }

    private static void readQ6K(MemorySegment rows, long at, int[] group) {
        put(group, 0, 0, 16, BlockLayout.bits16(rows, at + BlockLayout.Q6_K_SCALE));
        for (int j = 0; j < BlockLayout.LARGE / BlockLayout.Q6_K_GROUP; j++) {
            put(group, 1, j, 8, BlockLayout.unsigned(rows, at + BlockLayout.Q6_K_SCALES + j));
        }
        for (int i = 0; i < BlockLayout.LARGE; i++) {
            int number = BlockLayout.numberOfQ6K(rows, at, i);
            put(group, Q6_K_LOW, i, 4, number & 15);
            put(group, Q6_K_HIGH, i, 2, number >> 4);
        }
    }

    /** Puts number {@code i} of so many bits each into the words from {@code first} on. */
    private static void put(int[] group, int first, int i, int bits, int number) {
        int perWord = Integer.SIZE / bits;
        group[first + i / perWord] |= number << (i % perWord * bits);
    }
}
