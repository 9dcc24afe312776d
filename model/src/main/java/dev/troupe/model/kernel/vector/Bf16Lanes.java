package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of float32 rounded to bf16, the upper half of a float32: to the nearest, ties to the even one; NaN stays NaN.
 * Distances between rows are in bytes.
 */
public final class Bf16Lanes {
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final int SHIFT = 16;
    private static final int UPPER_HALF = 0xFFFF0000;
    private static final int INFINITY = 0x7F800000;
    private static final int QUIET = 0x00400000;

    private Bf16Lanes() {}

    /** The nearest float32 whose lower half is zero. */
    public static float round(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat(rounded(bits) & UPPER_HALF);
    }

    private static int rounded(int bits) {
        return (bits & Integer.MAX_VALUE) > INFINITY ? bits | QUIET : bits + 0x7FFF + ((bits >>> SHIFT) & 1);
    }

    /** In the upper halves; what is in the lower ones counts for nothing. */
    private static IntVector rounded(FloatVector values) {
        IntVector bits = values.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, SHIFT).and(1);
        VectorMask<Integer> nan = bits.and(Integer.MAX_VALUE).compare(VectorOperators.GT, INFINITY);
        return bits.add(odd).add(0x7FFF).blend(bits.or(QUIET), nan);
    }

    /** One row in float32 again. */
    public static void roundRow(int count, long from, long to) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            store(rounded(load(from + i * 4L)).and(UPPER_HALF).reinterpretAsFloats(), to + i * 4L);
        }
        if (i < count) {
            VectorMask<Float> tail = first(count - i);
            FloatVector values = load(from + i * 4L, tail);
            store(rounded(values).and(UPPER_HALF).reinterpretAsFloats(), to + i * 4L, tail);
        }
    }

    /** One row of {@code count} numbers, followed by zeros up to {@code padded}, both bf16. */
    public static void storeRow(int count, int padded, long from, long to) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            storeHalves(load(from + i * 4L), to + i * 2L);
        }
        for (; i < count; i++) {
            int bits = MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, from + i * 4L);
            MEMORY.set(SHORT, to + i * 2L, (short) (rounded(bits) >>> SHIFT));
        }
        for (; i < padded; i++) {
            MEMORY.set(SHORT, to + i * 2L, (short) 0);
        }
    }

    private static void storeHalves(FloatVector values, long to) {
        ShortVector halves = (ShortVector)
                rounded(values).lanewise(VectorOperators.LSHR, SHIFT).convertShape(VectorOperators.I2S, SHORTS, 0);
        halves.intoMemorySegment(MEMORY, to, ORDER);
    }

    /**
     * Two rows woven into one, [count][2], and zeros up to {@code padded} pairs, a multiple of the lanes.
     *
     * @param second 0 for a row of zeros
     */
    public static void weaveRows(int count, int padded, long first, long second, long to) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            FloatVector upper = second == 0 ? Lanes.zero() : load(second + i * 4L);
            storePairs(load(first + i * 4L), upper, to + i * 4L);
        }
        for (; i < padded; i += LANES) {
            VectorMask<Float> tail = first(Math.max(0, count - i));
            FloatVector upper = second == 0 ? Lanes.zero() : load(second + i * 4L, tail);
            storePairs(load(first + i * 4L, tail), upper, to + i * 4L);
        }
    }

    private static void storePairs(FloatVector lower, FloatVector upper, long to) {
        rounded(lower)
                .lanewise(VectorOperators.LSHR, SHIFT)
                .or(rounded(upper).and(UPPER_HALF))
                .intoMemorySegment(MEMORY, to, ORDER);
    }
}
