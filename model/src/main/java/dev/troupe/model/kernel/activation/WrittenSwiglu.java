package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.ExpCode;

/**
 * {@link ActivationRows#swiglu} as machine code, with the same bits, without waiting for a compiler when a process
 * starts.
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
        VectorRegister p = zmm(4);
        VectorRegister sign = zmm(5);
        Label loop = new Label();
        Assembler code = new Assembler();
        ExpCode exponentials = new ExpCode(code);
        code.constant(sign, Integer.MIN_VALUE);
        code.place(loop);
        code.vmovups(x, at(gate, 0));
        code.vmulps(product, x, at(up, 0));
        code.vpxord(x, x, sign);
        exponentials.exp(p, x, zmm(2), zmm(3));
        code.vaddps(p, p, exponentials.one());
        code.vdivps(p, exponentials.one(), p);
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
