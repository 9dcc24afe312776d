package dev.troupe.model.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementary functions from lanewise arithmetic alone, so that they give the same bits interpreted and compiled; the
 * library's EXP and TANH change implementation when the compiler takes over.
 */
public final class VectorMath {
    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 0.6933594f; // few bits: n · LN2_HIGH is exact
    private static final float LN2_LOW = -0.00021219444f;

    /** 1.5 · 2^23: adding it rounds to an integer, which then stands in the low bits. */
    private static final float ROUNDER = 12582912f;

    private static final float GREATEST = 88.3f;
    private static final float LEAST = -87f;
    private static final int FRACTION_BITS = 23;

    private VectorMath() {}

    /**
     * e^x with a relative error below 2e-7: x = n·ln 2 + r, a polynomial in r (Cephes' expf) and n added to the
     * exponent. 0 below -87, so for masked scores of minus infinity too; limited to 2.2e38 above.
     */
    public static FloatVector exp(FloatVector x) {
        FloatVector limited = x.min(GREATEST);
        FloatVector shifted = limited.fma(constant(LOG2_E), constant(ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(constant(-LN2_HIGH), limited);
        r = n.fma(constant(-LN2_LOW), r);
        FloatVector p = constant(0.00019875691f);
        p = p.fma(r, constant(0.0013981999f));
        p = p.fma(r, constant(0.008333452f));
        p = p.fma(r, constant(0.041665796f));
        p = p.fma(r, constant(0.16666666f));
        p = p.fma(r, constant(0.5f));
        p = p.mul(r).fma(r, r).add(1f);
        FloatVector scaled = shifted.reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, FRACTION_BITS)
                .add(p.reinterpretAsInts())
                .reinterpretAsFloats();
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, LEAST);
        return scaled.blend(0f, tiny);
    }

    /** 1 / (1 + e^-x). */
    public static FloatVector sigmoid(FloatVector x) {
        return constant(1f).div(exp(x.neg()).add(1f));
    }

    private static FloatVector constant(float value) {
        return FloatVector.broadcast(Lanes.SPECIES, value);
    }
}
