package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.quantized.BlockLayout.LARGE;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q4_0_NUMBERS;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q4_0_ZERO;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q4_K_NUMBERS;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q4_K_SCALED;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q6_K_GROUP;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q6_K_HIGH;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q6_K_LOW;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q6_K_SCALES;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q6_K_ZERO;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q8_0_NUMBERS;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SMALL;
import static dev.troupe.model.kernel.quantized.BlockLayout.half;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What stored numbers stand for, one after the other: the definition that all kernels follow. It reads arrays: most of
 * its work is done when a process starts, in code that no compiler has seen, where a number of a segment costs a
 * hundred of an array's.
 */
public final class Dequantization {
    private static final int BF16_SHIFT = 16;
    private static final int PIECE = 64 * LARGE; // numbers that are on the heap at a time

    private final StorageType type;
    private final short[] shorts; // as stored, two bytes each
    private final byte[] bytes; // as stored, whole blocks
    private final float[] numbers;

    /** Arrays for up to {@code most} numbers at a time, whole blocks; for one thread, over and over. */
    public Dequantization(StorageType type, int most) {
        boolean halves = type == StorageType.F16 || type == StorageType.BF16;
        this.type = type;
        this.shorts = new short[halves ? most : 0];
        this.bytes = new byte[halves || type == StorageType.F32 ? 0 : Math.toIntExact(type.bytes(most))];
        this.numbers = new float[most];
    }

    /**
     * Reads {@code elements} numbers.
     *
     * @param from whole blocks
     * @param to float32
     * @throws IllegalArgumentException when the elements do not fill whole blocks
     */
    public static void read(StorageType type, long elements, MemorySegment from, MemorySegment to) {
        if (type == StorageType.F32) {
            MemorySegment.copy(from, 0, to, 0, type.bytes(elements));
            return;
        }
        int most = (int) Math.min(PIECE, elements);
        Dequantization pieces = new Dequantization(type, most);
        for (long first = 0; first < elements; first += most) {
            int count = (int) Math.min(most, elements - first);
            pieces.read(count, from.asSlice(type.bytes(first)), to.asSlice(first * Float.BYTES));
        }
    }

    /** As {@link #read(StorageType, long, MemorySegment, MemorySegment)}, at most as many as there is room for. */
    public void read(int elements, MemorySegment from, MemorySegment to) {
        read(elements, from);
        MemorySegment.copy(numbers, 0, to, FLOAT, 0, elements);
    }

    /** As {@link #read(int, MemorySegment, MemorySegment)}; the array is the same each time. */
    float[] read(int elements, MemorySegment from) {
        switch (type) {
            case F32 -> MemorySegment.copy(from, FLOAT, 0, numbers, 0, elements);
            case F16, BF16 -> readHalves(elements, from);
            case Q8_0, Q4_0, Q4_K, Q6_K -> readBlocks(elements, from);
        }
        return numbers;
    }

    private void readHalves(int elements, MemorySegment from) {
        MemorySegment.copy(from, SHORT, 0, shorts, 0, elements);
        for (int i = 0; i < elements; i++) {
            numbers[i] = type == StorageType.F16
                    ? Float.float16ToFloat(shorts[i])
                    : Float.intBitsToFloat(shorts[i] << BF16_SHIFT);
        }
    }

    private void readBlocks(int elements, MemorySegment from) {
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, bytes, 0, Math.toIntExact(type.bytes(elements)));
        for (int i = 0, block = 0; i < elements; i += type.blockElements(), block += type.blockBytes()) {
            switch (type) {
                case Q8_0 -> readQ8(from, bytes, block, numbers, i);
                case Q4_0 -> readQ4(from, bytes, block, numbers, i);
                case Q4_K -> readQ4K(from, bytes, block, numbers, i);
                case Q6_K -> readQ6K(from, bytes, block, numbers, i);
                default -> throw new IllegalArgumentException("no blocks: " + type);
            }
        }
    }

    private static void readQ8(MemorySegment from, byte[] stored, int block, float[] to, int first) {
        float d = half(from, block + BlockLayout.Q8_0_SCALE);
        for (int i = 0; i < SMALL; i++) {
            to[first + i] = d * stored[block + Q8_0_NUMBERS + i];
        }
    }

    /** A byte has a number of the block's first half, in the lower bits, and one of its second. */
    private static void readQ4(MemorySegment from, byte[] stored, int block, float[] to, int first) {
        float d = half(from, block + BlockLayout.Q4_0_SCALE);
        float zero = d * Q4_0_ZERO;
        for (int i = 0; i < SMALL / 2; i++) {
            int pair = stored[block + Q4_0_NUMBERS + i];
            to[first + i] = d * (pair & 15) - zero;
            to[first + SMALL / 2 + i] = d * (pair >> 4 & 15) - zero;
        }
    }

    /** A byte has a number of one sub-block, in the lower bits, and one of the next. */
    private static void readQ4K(MemorySegment from, byte[] stored, int block, float[] to, int first) {
        float d = half(from, block + BlockLayout.Q4_K_SCALE);
        float dmin = half(from, block + BlockLayout.Q4_K_MIN_SCALE);
        for (int j = 0; j < Q4_K_SCALED; j++) {
            float scale = d * BlockLayout.scaleOfQ4K(from, block, j);
            float min = dmin * BlockLayout.minOfQ4K(from, block, j);
            int pairs = block + Q4_K_NUMBERS + j / 2 * SMALL;
            int shift = j % 2 * 4;
            for (int i = 0; i < SMALL; i++) {
                to[first + j * SMALL + i] = scale * (stored[pairs + i] >> shift & 15) - min;
            }
        }
    }

    /**
     * Of each half of a block, a byte has four bits of numbers i and 64 + i, or two of i, 32 + i, 64 + i and 96 + i.
     */
    private static void readQ6K(MemorySegment from, byte[] stored, int block, float[] to, int first) {
        float d = half(from, block + BlockLayout.Q6_K_SCALE);
        for (int group = 0; group < LARGE / Q6_K_GROUP; group++) {
            float scale = d * stored[block + Q6_K_SCALES + group];
            float zero = scale * Q6_K_ZERO;
            int upperHalf = group / 8;
            int within = group % 8 * Q6_K_GROUP; // its first number's place in that half
            int low = block + Q6_K_LOW + upperHalf * 64 + within % 64;
            int high = block + Q6_K_HIGH + upperHalf * 32 + within % 32;
            int lowShift = within / 64 * 4;
            int highShift = within / 32 * 2;
            for (int i = 0; i < Q6_K_GROUP; i++) {
                int number = (stored[low + i] >> lowShift & 15) | ((stored[high + i] >> highShift & 3) << 4);
                to[first + group * Q6_K_GROUP + i] = scale * number - zero;
            }
        }
    }
}
