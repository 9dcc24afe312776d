package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.IntSquare;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.tensor.StorageType;

/**
 * Lays out whole panels of {@link NibblePanels} of Q4_0 by machine code: the four ints of a block are turned for 16
 * columns at once, and of two of them the lower halves of bytes are drawn together to an int, and the upper ones.
 */
public final class NibblePacking {
    /** Whether it runs here. */
    static final boolean RUNS = MachineCode.unavailable().isEmpty();

    private static final int SIDE = 16; // columns that are turned at once
    private static final int LINE = 64;
    private static final int SCALES = PanelFormat.COLUMNS * Short.BYTES;
    private static final int ROW = PanelFormat.COLUMNS * Integer.BYTES;
    private static final int PAIRS = 2; // of a block's ints, whose numbers make an int of lower halves and one of upper
    private static final int RUN = SCALES + 2 * PAIRS * ROW;
    private static final int BITS = 4;

    private static final int LOWER_HALVES = 0x0F0F_0F0F;
    private static final int EVERY_SECOND_BYTE = 0x00FF_00FF;
    private static final int LOWER_SHORT = 0xFFFF;

    /** Written when it is first used, where it runs. */
    private static final class Code {
        private static final MachineCode PACK = MachineCode.install(write());
    }

    private NibblePacking() {}

    /**
     * As {@link PanelFormat#pack} of all columns.
     *
     * @param rows address of the first of {@link PanelFormat#COLUMNS} rows of Q4_0, which follow each other
     * @param panel address
     */
    public static void pack(int k, long rows, long panel) {
        Code.PACK.run(rows, StorageType.Q4_0.bytes(k), panel, k / BlockLayout.SMALL, 0);
    }

    /** Rows, bytes from row to row, panel, runs. */
    private static Assembler write() {
        Register rows = Register.RDI;
        Register step = Register.RSI;
        Register panel = Register.RDX;
        Register runs = Register.RCX;
        Register scale = Register.RAX;
        Register row = Register.R10;
        Label loop = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        code.constant(zmm(29), LOWER_HALVES);
        code.constant(zmm(30), EVERY_SECOND_BYTE);
        code.constant(zmm(31), LOWER_SHORT);
        code.test(runs);
        code.jump(Condition.ZERO, end);
        code.place(loop);
        code.mov(row, rows);
        for (int columns = 0; columns < PanelFormat.COLUMNS; columns += SIDE) {
            for (int i = 0; i < SIDE; i++) {
                code.movzx(scale, at(row, BlockLayout.Q4_0_SCALE));
                code.mov16(at(panel, (columns + i) * Short.BYTES), scale);
                code.vmovups(zmm(i).xmm(), at(row, BlockLayout.Q4_0_NUMBERS));
                code.add(row, step);
            }
            IntSquare.transpose(code);
            for (int pair = 0; pair < PAIRS; pair++) {
                int to = SCALES + columns / SIDE * LINE + pair * ROW;
                eight(code, zmm(2 * pair), zmm(2 * pair + 1), 0);
                code.vmovups(at(panel, to), zmm(20));
                eight(code, zmm(2 * pair), zmm(2 * pair + 1), BITS);
                code.vmovups(at(panel, to + PAIRS * ROW), zmm(20));
            }
        }
        code.add(rows, StorageType.Q4_0.blockBytes());
        code.add(panel, RUN);
        code.repeat(runs, loop);
        code.place(end);
        code.ret();
        return code;
    }

    /** Draws the halves of bytes from bit {@code from} on of two ints together, in zmm20. */
    private static void eight(Assembler code, VectorRegister first, VectorRegister second, int from) {
        four(code, zmm(20), first, from);
        four(code, zmm(21), second, from);
        code.vpslld(zmm(21), zmm(21), Short.SIZE);
        code.vpxord(zmm(20), zmm(20), zmm(21));
    }

    private static void four(Assembler code, VectorRegister to, VectorRegister bytes, int from) {
        VectorRegister shifted = zmm(22);
        code.vpsrld(to, bytes, from);
        code.vpandd(to, to, zmm(29));
        code.vpsrld(shifted, to, BITS);
        code.vpxord(to, to, shifted);
        code.vpandd(to, to, zmm(30));
        code.vpsrld(shifted, to, Byte.SIZE);
        code.vpxord(to, to, shifted);
        code.vpandd(to, to, zmm(31));
    }
}
