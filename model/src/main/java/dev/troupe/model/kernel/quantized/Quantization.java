package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Rounds float32 to each type, block by block, as ggml's reference quantizers do. Deterministic: a block depends on its
 * own numbers only.
 */
public final class Quantization {
    private static final int Q8_MOST = 127;
    private static final int Q4_MOST = 15;

    private Quantization() {}

    /**
     * Writes {@code elements} numbers.
     *
     * @param from float32, all finite
     * @param to room for {@code type.bytes(elements)}
     * @throws IllegalArgumentException when the elements do not fill whole blocks
     */
    public static void write(StorageType type, long elements, MemorySegment from, MemorySegment to) {
        int width = type.blockElements();
        long blocks = type.bytes(elements) / type.blockBytes();
        float[] x = new float[width];
        for (long block = 0; block < blocks; block++) {
            for (int i = 0; i < width; i++) {
                x[i] = from.get(FLOAT, (block * width + i) * 4);
            }
            write(type, x, to, block * type.blockBytes());
        }
    }

    private static void write(StorageType type, float[] x, MemorySegment to, long at) {
        switch (type) {
            case F32 -> to.set(FLOAT, at, x[0]);
            case F16 -> to.set(SHORT, at, Float.floatToFloat16(x[0]));
            case BF16 -> to.set(SHORT, at, bf16(x[0]));
            case Q8_0 -> q8(x, to, at);
            case Q4_0 -> q4(x, to, at);
            case Q4_K -> KBlocks.writeQ4K(x, to, at);
            case Q6_K -> KBlocks.writeQ6K(x, to, at);
        }
    }

    /** The upper half of the nearest float32 that has no lower half, ties to even. */
    static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40); // stays a NaN
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    private static void q8(float[] x, MemorySegment to, long at) {
        float greatest = 0;
        for (float value : x) {
            greatest = Math.max(greatest, Math.abs(value));
        }
        float d = greatest / Q8_MOST;
        float inverse = d == 0 ? 0 : 1 / d;
        to.set(SHORT, at + BlockLayout.Q8_0_SCALE, Float.floatToFloat16(d));
        for (int i = 0; i < x.length; i++) {
            to.set(ValueLayout.JAVA_BYTE, at + BlockLayout.Q8_0_NUMBERS + i, (byte) roundAway(x[i] * inverse));
        }
    }

    /** The number of greatest magnitude becomes 0, that is -8 scales, so that all sixteen values are used. */
    private static void q4(float[] x, MemorySegment to, long at) {
        float extreme = 0;
        for (float value : x) {
            if (Math.abs(value) > Math.abs(extreme)) {
                extreme = value;
            }
        }
        float d = extreme / -BlockLayout.Q4_0_ZERO;
        float inverse = d == 0 ? 0 : 1 / d;
        to.set(SHORT, at + BlockLayout.Q4_0_SCALE, Float.floatToFloat16(d));
        for (int i = 0; i < x.length / 2; i++) {
            int low = q4(x[i] * inverse);
            int high = q4(x[i + x.length / 2] * inverse);
            to.set(ValueLayout.JAVA_BYTE, at + BlockLayout.Q4_0_NUMBERS + i, (byte) (low | high << 4));
        }
    }

    private static int q4(float steps) {
        return Math.min(Q4_MOST, (int) (steps + 8.5f));
    }

    /** To the nearest integer, ties away from zero. */
    private static int roundAway(float value) {
        return (int) (value + Math.copySign(0.5, value));
    }
}
