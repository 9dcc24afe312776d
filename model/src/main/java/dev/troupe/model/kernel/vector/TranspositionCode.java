package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.IntSquare;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;

/**
 * The squares of {@link Transposition} as machine code: the same, without waiting for a compiler when a process starts.
 */
final class TranspositionCode {
    /** Whether it runs here. */
    static final boolean RUNS = Lanes.matchMachineCode();

    private static final int SQUARE = 16;
    private static final int LINE = 64;

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode SQUARES = MachineCode.install(squares());
    }

    private TranspositionCode() {}

    /**
     * Turns at most sixteen rows; strides in bytes.
     *
     * @param rows at least 1; the last one stands for those that are missing
     * @param width a multiple of sixteen, not 0
     */
    static void squares(int rows, int width, long from, long rowFrom, long to, long rowTo) {
        Code.SQUARES.run(from, rowFrom, to, rowTo, width / SQUARE, rows - 1);
    }

    /** The first row, the distance of rows, the first column, the distance of columns, squares, other rows. */
    private static Assembler squares() {
        Register from = Register.RDI;
        Register rowFrom = Register.RSI;
        Register to = Register.RDX;
        Register rowTo = Register.RCX;
        Register squares = Register.R8;
        Register others = Register.R9;
        Register row = Register.R10;
        Register left = Register.R11;
        Label loop = new Label();
        Assembler code = new Assembler();
        code.place(loop);
        code.mov(row, from);
        code.mov(left, others);
        code.vmovups(zmm(0), at(row, 0));
        for (int i = 1; i < SQUARE; i++) {
            Label isLast = new Label();
            code.test(left);
            code.jump(Condition.ZERO, isLast);
            code.add(row, rowFrom);
            code.dec(left);
            code.place(isLast);
            code.vmovups(zmm(i), at(row, 0));
        }
        IntSquare.transpose(code);
        for (int i = 0; i < SQUARE; i++) {
            code.vmovups(at(to, 0), zmm(i));
            code.add(to, rowTo);
        }
        code.add(from, LINE);
        code.repeat(squares, loop);
        code.ret();
        return code;
    }
}
