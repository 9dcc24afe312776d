package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;
import static dev.troupe.model.kernel.quantized.BlockLayout.half;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What stored numbers stand for, one after the other: the definition that all kernels follow. */
public final class Dequantization {
    private static final int BF16_SHIFT = 16;

    private Dequantization() {}

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
        long blocks = type.bytes(elements) / type.blockBytes();
        for (long block = 0; block < blocks; block++) {
            for (int i = 0; i < type.blockElements(); i++) {
                to.set(FLOAT, (block * type.blockElements() + i) * 4, element(type, from, block, i));
            }
        }
    }

    /** Number {@code i} of block {@code block}. */
    static float element(StorageType type, MemorySegment from, long block, int i) {
        long at = block * type.blockBytes();
        return switch (type) {
            case F32 -> from.get(FLOAT, at);
            case F16 -> half(from, at);
            case BF16 -> Float.intBitsToFloat(from.get(SHORT, at) << BF16_SHIFT);
            case Q8_0 -> {
                byte q = from.get(ValueLayout.JAVA_BYTE, at + BlockLayout.Q8_0_NUMBERS + i);
                yield half(from, at + BlockLayout.Q8_0_SCALE) * q;
            }
            case Q4_0 -> {
                float d = half(from, at + BlockLayout.Q4_0_SCALE);
                yield d * BlockLayout.numberOfQ4(from, at, i) - d * BlockLayout.Q4_0_ZERO;
            }
            case Q4_K -> {
                int j = i / BlockLayout.SMALL;
                float scale = half(from, at + BlockLayout.Q4_K_SCALE) * BlockLayout.scaleOfQ4K(from, at, j);
                float min = half(from, at + BlockLayout.Q4_K_MIN_SCALE) * BlockLayout.minOfQ4K(from, at, j);
                yield scale * BlockLayout.numberOfQ4K(from, at, i) - min;
            }
            case Q6_K -> {
                byte stored =
                        from.get(ValueLayout.JAVA_BYTE, at + BlockLayout.Q6_K_SCALES + i / BlockLayout.Q6_K_GROUP);
                float scale = half(from, at + BlockLayout.Q6_K_SCALE) * stored;
                yield scale * BlockLayout.numberOfQ6K(from, at, i) - scale * BlockLayout.Q6_K_ZERO;
            }
        };
    }
}
