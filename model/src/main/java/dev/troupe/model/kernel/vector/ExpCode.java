package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.VectorRegister;

/**
 * Writes {@link VectorMath#exp} as machine code: its operations in its order, so its bits. What it needs stays in zmm19
 * to zmm31.
 */
public final class ExpCode {
    private static final int COEFFICIENTS = VectorMath.EXP_COEFFICIENTS.size();
    private static final int FIRST = 19;

    private final VectorRegister greatest = zmm(25);
    private final VectorRegister least = zmm(26);
    private final VectorRegister log2e = zmm(27);
    private final VectorRegister rounder = zmm(28);
    private final VectorRegister lessHigh = zmm(29);
    private final VectorRegister lessLow = zmm(30);
    private final VectorRegister one = zmm(31);
    private final Assembler code;

    /** Writes what fills the registers; uses RAX. */
    public ExpCode(Assembler code) {
        this.code = code;
        for (int i = 0; i < COEFFICIENTS; i++) {
            code.constant(zmm(FIRST + i), VectorMath.EXP_COEFFICIENTS.get(i));
        }
        code.constant(greatest, VectorMath.GREATEST);
        code.constant(least, VectorMath.LEAST);
        code.constant(log2e, VectorMath.LOG2_E);
        code.constant(rounder, VectorMath.ROUNDER);
        code.constant(lessHigh, -VectorMath.LN2_HIGH);
        code.constant(lessLow, -VectorMath.LN2_LOW);
        code.constant(one, 1f);
    }

    /** The register whose lanes are 1. */
    public VectorRegister one() {
        return one;
    }

    /** Writes to = e^x; the others are working memory, and x is none any more. */
    public void exp(VectorRegister to, VectorRegister x, VectorRegister shifted, VectorRegister n) {
        code.vminps(x, greatest, x);
        code.vmaxps(x, least, x);
        code.vmovups(shifted, x);
        code.vfmadd213ps(shifted, log2e, rounder);
        code.vsubps(n, shifted, rounder);
        code.vfmadd231ps(x, n, lessHigh); // r
        code.vfmadd231ps(x, n, lessLow);
        code.vmovups(to, zmm(FIRST));
        for (int i = 1; i < COEFFICIENTS; i++) {
            code.vfmadd213ps(to, x, zmm(FIRST + i));
        }
        code.vmulps(to, to, x);
        code.vfmadd213ps(to, x, x);
        code.vaddps(to, to, one);
        code.vpslld(shifted, shifted, VectorMath.FRACTION_BITS);
        code.vpaddd(to, to, shifted);
    }
}
