package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Rows of float32 rounded to IEEE half precision: to the nearest, ties to the even one, with subnormal numbers; what is
 * too large becomes infinite, NaN stays NaN. Distances between rows are in bytes.
 */
public final class Fp16Lanes {
    /** Bits of float32's fraction less half's. */
    private static final int SHIFT = 13;

    private static final int SIGN = 0x80000000;
    private static final int INFINITY = 0x7F800000;
    private static final int QUIET = 0x00400000;
    /** The least float32 bits that round to infinity: 65,520, halfway from the greatest half to 2^16. */
    private static final int OVERFLOW = Float.floatToRawIntBits(65_520f);

    private static final int LEAST_NORMAL = Float.floatToRawIntBits(0x1p-14f);
    /** Numbers of its binade are multiples of 2^-24, as subnormal halves are: adding it rounds to those. */
    private static final float SUBNORMAL_ROUNDING = 0.75f;

    private Fp16Lanes() {}

    /** The nearest half, as a float32. */
    public static float round(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
    }

    private static FloatVector rounded(FloatVector values) {
        IntVector bits = values.reinterpretAsInts();
        IntVector magnitude = bits.and(Integer.MAX_VALUE);
        IntVector odd = magnitude.lanewise(VectorOperators.LSHR, SHIFT).and(1);
        IntVector normal = magnitude.add(odd).add((1 << (SHIFT - 1)) - 1).and(-(1 << SHIFT));
        IntVector subnormal = magnitude
                .reinterpretAsFloats()
                .add(SUBNORMAL_ROUNDING)
                .sub(SUBNORMAL_ROUNDING)
                .reinterpretAsInts();
        return normal.blend(subnormal, magnitude.compare(VectorOperators.LT, LEAST_NORMAL))
                .blend(INFINITY, magnitude.compare(VectorOperators.GE, OVERFLOW))
                .blend(magnitude.or(QUIET), magnitude.compare(VectorOperators.GT, INFINITY))
                .or(bits.and(SIGN))
                .reinterpretAsFloats();
    }

    /** One row in float32 again. */
    public static void roundRow(int count, long from, long to) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            store(rounded(load(from + i * 4L)), to + i * 4L);
        }
        if (i < count) {
            VectorMask<Float> tail = first(count - i);
            store(rounded(load(from + i * 4L, tail)), to + i * 4L, tail);
        }
    }
}
