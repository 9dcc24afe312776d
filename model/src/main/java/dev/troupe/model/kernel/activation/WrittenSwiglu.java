package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.VectorMath;

/**
 * {@link ActivationRows#swiglu} as machine code: the operations of {@link VectorMath#exp} in its order, so with its
 * bits, without waiting for a compiler when a process starts.
 */
final class WrittenSwiglu {
    /** Whether it runs here. */
    static final boolean RUNS = MachineCode.unavailable().isEmpty();

    /** Numbers of a vector; widths are multiples of it. */
    static final int LANES = 16;

    private static final int LINE = 64;

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode SWIGLU = MachineCode.install(write());
    }

    private WrittenSwiglu() {}

    /** @param width a multiple of {@link #LANES}, not 0 */
    static void swiglu(int width, long gate, long y) {
        Code.SWIGLU.run(gate, gate + width * 4L, y, width / LANES, 0);
    }

    /** Gate, up, results, vectors. */
    private static Assembler write() {
        Register gate = Register.RDI;
        Register up = Register.RSI;
        Register to = Register.RDX;
        Register vectors = Register.RCX;
        VectorRegister x = zmm(0);
        VectorRegister product = zmm(1);
        VectorRegister shifted = zmm(2);
        VectorRegister n = zmm(3);
        VectorRegister p = zmm(4);
        VectorRegister sign = zmm(31);
        VectorRegister greatest = zmm(30);
        VectorRegister least = zmm(29);
        VectorRegister log2e = zmm(28);
        VectorRegister rounder = zmm(27);
        VectorRegister lessHigh = zmm(26);
        VectorRegister lessLow = zmm(25);
        VectorRegister one = zmm(24);
        int coefficients = VectorMath.EXP_COEFFICIENTS.size();
        Label loop = new Label();
        Assembler code = new Assembler();
        code.constant(sign, Integer.MIN_VALUE);
        code.constant(greatest, VectorMath.GREATEST);
        code.constant(least, VectorMath.LEAST);
        code.constant(log2e, VectorMath.LOG2_E);
        code.constant(rounder, VectorMath.ROUNDER);
        code.constant(lessHigh, -VectorMath.LN2_HIGH);
        code.constant(lessLow, -VectorMath.LN2_LOW);
        code.constant(one, 1f);
        for (int i = 0; i < coefficients; i++) {
            code.constant(zmm(8 + i), VectorMath.EXP_COEFFICIENTS.get(i));
        }
        code.place(loop);
        code.vmovups(x, at(gate, 0));
        code.vmulps(product, x, at(up, 0));
        code.vpxord(x, x, sign);
        code.vminps(x, greatest, x);
        code.vmaxps(x, least, x);
        code.vmovups(shifted, x);
        code.vfmadd213ps(shifted, log2e, rounder);
        code.vsubps(n, shifted, rounder);
        code.vfmadd231ps(x, n, lessHigh); // r
        code.vfmadd231ps(x, n, lessLow);
        code.vmovups(p, zmm(8));
        for (int i = 1; i < coefficients; i++) {
            code.vfmadd213ps(p, x, zmm(8 + i));
        }
        code.vmulps(p, p, x);
        code.vfmadd213ps(p, x, x);
        code.vaddps(p, p, one);
        code.vpslld(shifted, shifted, VectorMath.FRACTION_BITS);
        code.vpaddd(p, p, shifted);
        code.vaddps(p, p, one);
        code.vdivps(p, one, p);
        code.vmulps(p, product, p);
        code.vmovups(at(to, 0), p);
        code.add(gate, LINE);
        code.add(up, LINE);
        code.add(to, LINE);
        code.dec(vectors);
        code.jump(Condition.NOT_ZERO, loop);
        code.ret();
        return code;
    }
}
