package dev.troupe.model.kernel.vector;

import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementary functions from lanewise arithmetic alone, so that they give the same bits interpreted and compiled; the
 * library's EXP and TANH change implementation when the compiler takes over.
 *
 * <p>A loop should call one of these once, load all it needs before and store its result by the library's own method:
 * after this many operations the compiler inlines only what the library forces it to, and boxes the vectors of a call.
 */
public final class VectorMath {
    public static final float LOG2_E = 1.442695f;
    /** Few bits: n · LN2_HIGH is exact. */
    public static final float LN2_HIGH = 0.6933594f;

    public static final float LN2_LOW = -0.00021219444f;

    /** 1.5 · 2^23: adding it rounds to an integer, which then stands in the low bits. */
    public static final float ROUNDER = 12582912f;

    /** The arguments of {@link #exp} are limited to it. */
    public static final float GREATEST = 88.3f;

    /** The arguments of {@link #exp} are limited to it. */
    public static final float LEAST = -87f;

    public static final int FRACTION_BITS = 23;

    /** Of {@link #exp}'s polynomial, those of the highest powers first. */
    public static final List<Float> EXP_COEFFICIENTS =
            List.of(0.00019875691f, 0.0013981999f, 0.008333452f, 0.041665796f, 0.16666666f, 0.5f);

    private static final float C_0 = EXP_COEFFICIENTS.get(0);
    private static final float C_1 = EXP_COEFFICIENTS.get(1);
    private static final float C_2 = EXP_COEFFICIENTS.get(2);
    private static final float C_3 = EXP_COEFFICIENTS.get(3);
    private static final float C_4 = EXP_COEFFICIENTS.get(4);
    private static final float C_5 = EXP_COEFFICIENTS.get(5);

    private static final int FRACTION_MASK = (1 << FRACTION_BITS) - 1;
    private static final int SQRT_HALF_BITS = 0x3F3504F3;

    private VectorMath() {}

    /**
     * e^x with a relative error below 2e-7: x = n·ln 2 + r, a polynomial in r (Cephes' expf) and n added to the
     * exponent. Arguments are limited to [-87, 88.3], results so to [1.6e-38, 2.2e38].
     */
    public static FloatVector exp(FloatVector x) {
        // min and max would each take six instructions, to be exact about NaN and -0.
        FloatVector limited = x.blend(GREATEST, x.compare(VectorOperators.GT, GREATEST));
        limited = limited.blend(LEAST, x.compare(VectorOperators.LT, LEAST));
        FloatVector shifted = limited.fma(
                FloatVector.broadcast(Lanes.SPECIES, LOG2_E), FloatVector.broadcast(Lanes.SPECIES, ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(Lanes.SPECIES, -LN2_HIGH), limited);
        r = n.fma(FloatVector.broadcast(Lanes.SPECIES, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(Lanes.SPECIES, C_0);
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, C_1));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, C_2));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, C_3));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, C_4));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, C_5));
        p = p.mul(r).fma(r, r).add(1f);
        return shifted.reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, FRACTION_BITS)
                .add(p.reinterpretAsInts())
                .reinterpretAsFloats();
    }

    /**
     * ln x of positive normal numbers, with an error below 2e-7 times the greater of 1 and the result: x = m·2^n with m
     * in [√½, √2), and a polynomial in m - 1 (Cephes' logf).
     */
    public static FloatVector log(FloatVector x) {
        IntVector bits = x.reinterpretAsInts().sub(SQRT_HALF_BITS); // so that the exponent counts from √½
        IntVector exponent = bits.lanewise(VectorOperators.ASHR, FRACTION_BITS);
        FloatVector r = bits.and(FRACTION_MASK)
                .add(SQRT_HALF_BITS)
                .reinterpretAsFloats()
                .sub(1f);
        FloatVector n = (FloatVector) exponent.convertShape(VectorOperators.I2F, Lanes.SPECIES, 0);
        FloatVector p = FloatVector.broadcast(Lanes.SPECIES, 0.070376836f);
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, -0.1151461f));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, 0.116769984f));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, -0.12420141f));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, 0.14249323f));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, -0.16668057f));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, 0.20000714f));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, -0.24999994f));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, 0.3333333f));
        FloatVector square = r.mul(r);
        FloatVector low =
                n.fma(FloatVector.broadcast(Lanes.SPECIES, LN2_LOW), p.mul(r).mul(square));
        low = square.fma(FloatVector.broadcast(Lanes.SPECIES, -0.5f), low).add(r);
        return n.fma(FloatVector.broadcast(Lanes.SPECIES, LN2_HIGH), low);
    }

    /** 1 / (1 + e^-x). */
    public static FloatVector sigmoid(FloatVector x) {
        return FloatVector.broadcast(Lanes.SPECIES, 1f).div(exp(x.neg()).add(1f));
    }
}
