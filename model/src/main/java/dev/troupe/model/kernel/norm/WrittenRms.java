package dev.troupe.model.kernel.norm;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;

/**
 * The two passes of RMSNorm over a row of whole vectors as machine code, with {@link VectorNormalization}'s bits,
 * without waiting for a compiler when a process starts.
 */
final class WrittenRms {
    /** Whether it runs here. */
    static final boolean RUNS = Lanes.matchMachineCode();

    private static final int LINE = 64;

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode SQUARES = MachineCode.install(squares());
        private static final MachineCode SCALE = MachineCode.install(scale());
    }

    private WrittenRms() {}

    /**
     * Writes the sum of a row's squares.
     *
     * @param dim a multiple of 16, not 0
     * @param sum where it goes, a float
     */
    static void squares(int dim, long x, long sum) {
        Code.SQUARES.run(x, sum, dim / Lanes.LANES, 0, 0);
    }

    /** y = x · scale · weight. */
    static void scale(int dim, long x, float scale, long weight, long y) {
        Code.SCALE.run(x, y, dim / Lanes.LANES, weight, Float.floatToRawIntBits(scale));
    }

    /** Numbers, where their sum goes, vectors. */
    private static Assembler squares() {
        Register x = Register.RDI;
        Register to = Register.RSI;
        Register vectors = Register.RDX;
        VectorRegister sum = zmm(0);
        VectorRegister number = zmm(1);
        Label loop = new Label();
        Assembler code = new Assembler();
        code.vpxord(sum, sum, sum);
        code.place(loop);
        code.vmovups(number, at(x, 0));
        code.vfmadd231ps(sum, number, number);
        code.add(x, LINE);
        code.repeat(vectors, loop);
        code.sumLanes(sum, number);
        code.vmovd(at(to, 0), sum);
        code.ret();
        return code;
    }

    /** Numbers, results, vectors, weights, the scale's bits. */
    private static Assembler scale() {
        Register x = Register.RDI;
        Register to = Register.RSI;
        Register vectors = Register.RDX;
        Register weight = Register.RCX;
        VectorRegister scale = zmm(0);
        VectorRegister number = zmm(1);
        Label loop = new Label();
        Assembler code = new Assembler();
        code.vpbroadcastd(scale, Register.R8);
        code.place(loop);
        code.vmulps(number, scale, at(x, 0));
        code.vmulps(number, number, at(weight, 0));
        code.vmovups(at(to, 0), number);
        code.add(x, LINE);
        code.add(weight, LINE);
        code.add(to, LINE);
        code.repeat(vectors, loop);
        code.ret();
        return code;
    }
}
