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
        int whole = count / LANES * LANES;
        if (second == 0) {
            weaveWithZeros(whole, first, to);
        } else {
            weaveWhole(whole, first, second, to);
        }
        for (int i = whole; i < padded; i++) {
            int lower = i < count ? storedBits(first + i * 4L) : 0;
            int upper = i < count && second != 0 ? storedBits(second + i * 4L) : 0;
            MEMORY.set(ValueLayout.JAVA_INT_UNALIGNED, to + i * 4L, lower | upper << SHIFT);
        }
    }

    private static int storedBits(long address) {
        return rounded(MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, address)) >>> SHIFT;
    }

    // One loop for both cases would join a loaded vector with a constant one, which the compiler boxes.

    private static void weaveWithZeros(int whole, long first, long to) {
        for (int i = 0; i < whole; i += LANES) {
            rounded(load(first + i * 4L))
                    .lanewise(VectorOperators.LSHR, SHIFT)
                    .intoMemorySegment(MEMORY, to + i * 4L, ORDER);
        }
    }

    private static void weaveWhole(int whole, long first, long second, long to) {
        for (int i = 0; i < whole; i += LANES) {
            rounded(load(first + i * 4L))
                    .lanewise(VectorOperators.LSHR, SHIFT)
                    .or(rounded(load(second + i * 4L)).and(UPPER_HALF))
                    .intoMemorySegment(MEMORY, to + i * 4L, ORDER);
        }
    }

    /** As {@link #weaveRows}, of rows that are bf16 already, with zeros up to the next whole vector. */
    public static void weaveStored(int count, int padded, long first, long second, long to) {
        int i = 0;
        if (second == 0) {
            for (; i < count; i += LANES) {
                halves(first + i * 2L).intoMemorySegment(MEMORY, to + i * 4L, ORDER);
            }
        } else {
            for (; i < count; i += LANES) {
                halves(first + i * 2L)
                        .or(halves(second + i * 2L).lanewise(VectorOperators.LSHL, SHIFT))
                        .intoMemorySegment(MEMORY, to + i * 4L, ORDER);
            }
        }
        for (; i < padded; i += LANES) {
            store(Lanes.zero(), to + i * 4L);
        }
    }

    private static IntVector halves(long address) {
        return (IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, IntVector.SPECIES_PREFERRED, 0);
    }

    /** One row of bf16 in float32 again. */
    public static void loadRow(int count, long from, long to) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            store(halves(from + i * 2L).lanewise(VectorOperators.LSHL, SHIFT).reinterpretAsFloats(), to + i * 4L);
        }
        for (; i < count; i++) {
            Lanes.set(to + i * 4L, Float.intBitsToFloat(MEMORY.get(SHORT, from + i * 2L) << SHIFT));
        }
    }

    /**
     * Sums of the columns of woven rows, {@code pairs} pairs of rows in their order; {@code columns} is a multiple of
     * the lanes.
     *
     * @param stride bytes from pair to pair
     */
    public static void sumPairs(int pairs, int columns, long from, long stride, long to) {
        for (int c = 0; c < columns; c += LANES) {
            FloatVector sum = Lanes.zero();
            for (int p = 0; p < pairs; p++) {
                FloatVector both = load(from + p * stride + c * 4L);
                sum = lower(both).add(sum).add(upper(both));
            }
            store(sum, to + c * 4L);
        }
    }

    private static FloatVector lower(FloatVector pairs) {
        return pairs.reinterpretAsInts().lanewise(VectorOperators.LSHL, SHIFT).reinterpretAsFloats();
    }

    private static FloatVector upper(FloatVector pairs) {
        return pairs.reinterpretAsInts().and(UPPER_HALF).reinterpretAsFloats();
    }
}
