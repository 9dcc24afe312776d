package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.IntSquare;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;

/**
 * Lays out whole panels of {@link ColumnPairs} by machine code: 16 inputs of two columns are the halves of 16 ints, and
 * 16 such pairs of columns are turned as a matrix.
 */
final class PairPacking {
    private static final int SIDE = 16; // pairs of columns, and inputs

    private static final int FRACTION_BITS = 23; // of a float
    private static final int EXPONENTS = 127 - 15; // between the biases of floats and float16s

    /** Written when they are first used, where they run. */
    private static final class Code {
        private static final MachineCode BF16 = MachineCode.install(write(false));
        private static final MachineCode F16 = MachineCode.install(write(true));
    }

    private static final VectorRegister SIGN = zmm(21);
    private static final VectorRegister MAGNITUDE = zmm(22);
    private static final VectorRegister OFFSET = zmm(23);
    private static final VectorRegister NOTHING = zmm(24);

    private PairPacking() {}

    /** Whether it can lay out such a panel here. */
    static boolean holds(int columns, int k) {
        return columns == PanelFormat.COLUMNS
                && k > 0
                && k % SIDE == 0
                && Lanes.LANES == SIDE
                && MachineCode.unavailable().isEmpty();
    }

    /** As {@link PanelFormat#pack} of all columns in bfloat16, of addresses. */
    static void packBf16(int k, long rows, long panel) {
        pack(Code.BF16, k, rows, panel);
    }

    /** As {@link F16Panels#pack} of all columns, of addresses: with exponents raised, numbers below 128 only. */
    static void packF16(int k, long rows, long panel) {
        pack(Code.F16, k, rows, panel);
    }

    private static void pack(MachineCode code, int k, long rows, long panel) {
        code.run(rows, k * (long) Short.BYTES, panel, k / SIDE, 0);
    }

    /** Rows, bytes from row to row, panel, sixteens of inputs. */
    private static Assembler write(boolean lifted) {
        Register rows = Register.RDI;
        Register step = Register.RSI;
        Register panel = Register.RDX;
        Register blocks = Register.RCX;
        Register half = Register.R8; // bytes from a pair's first row to its second
        Register first = Register.R10;
        Register second = Register.R11;
        VectorRegister seconds = zmm(20);
        Label loop = new Label();
        Assembler code = new Assembler();
        code.mov(half, step);
        for (int doubled = 1; doubled < SIDE; doubled *= 2) {
            code.add(half, half);
        }
        code.constant(MAGNITUDE, Integer.MAX_VALUE);
        code.constant(OFFSET, (EXPONENTS - F16Panels.LIFT) << F16Panels.FRACTION_BITS);
        code.vpxord(NOTHING, NOTHING, NOTHING);
        code.place(loop);
        code.mov(first, rows);
        code.mov(second, rows);
        code.add(second, half);
        for (int i = 0; i < SIDE; i++) {
            load(code, zmm(i), first, lifted);
            load(code, seconds, second, lifted);
            code.vpslld(seconds, seconds, Short.SIZE);
            code.vpxord(zmm(i), zmm(i), seconds);
            code.add(first, step);
            code.add(second, step);
        }
        IntSquare.transpose(code);
        for (int i = 0; i < SIDE; i++) {
            code.vmovups(at(panel, i * (int) ColumnPairs.ROW), zmm(i));
        }
        code.add(rows, SIDE * Short.BYTES);
        code.add(panel, SIDE * (int) ColumnPairs.ROW);
        code.repeat(blocks, loop);
        code.ret();
        return code;
    }

    /**
     * Inputs of a row as ints. A float16 that is lifted has the exponent of the float that it is, less the distance of
     * their biases and the lift; there a number below the normal ones is a normal one, and nothing stays nothing.
     */
    private static void load(Assembler code, VectorRegister to, Register from, boolean lifted) {
        if (!lifted) {
            code.vpmovzxwd(to, at(from, 0));
            return;
        }
        code.vcvtph2ps(SIGN, at(from, 0));
        code.vpandd(to, SIGN, MAGNITUDE);
        code.vpxord(SIGN, SIGN, to);
        code.vpsrld(to, to, FRACTION_BITS - F16Panels.FRACTION_BITS);
        code.vpsubd(to, to, OFFSET);
        code.vpmaxsd(to, to, NOTHING);
        code.vpsrld(SIGN, SIGN, Short.SIZE);
        code.vpxord(to, to, SIGN);
    }
}
