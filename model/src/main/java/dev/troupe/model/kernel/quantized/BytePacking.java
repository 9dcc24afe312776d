package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.IntSquare;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Lays out a whole panel of {@link BytePanels} by machine code: a run of 32 rows is 16 registers, with two rows in
 * each, of which ints are turned as a matrix of 16 x 16; then four inputs of all rows are in two registers, and bytes
 * are chosen from both.
 */
final class BytePacking {
    private static final int ROWS = 16; // that are the lower halves of registers
    private static final int SCALES = (int) BytePanels.NUMBERS;
    private static final int LINE = 64;
    private static final int BLOCK = StorageType.Q8_0.blockBytes();

    private static final MemorySegment ORDERS = orders();
    private static final MachineCode CODE = MachineCode.install(write());

    private BytePacking() {}

    /**
     * As {@link BytePanels#pack} of all columns.
     *
     * @param rows address of the first
     * @param panel address
     */
    static void pack(int k, long rows, long panel) {
        CODE.run(rows, StorageType.Q8_0.bytes(k), panel, k / BlockLayout.SMALL, ORDERS.address());
    }

    /** Which bytes are the first two inputs of all rows, and the others, where four of a row lie side by side. */
    private static MemorySegment orders() {
        MemorySegment orders = Arena.global().allocate(2 * LINE, LINE);
        for (int i = 0; i < LINE; i++) {
            byte first = (byte) (i % PanelFormat.COLUMNS * Integer.BYTES + i / PanelFormat.COLUMNS);
            orders.set(ValueLayout.JAVA_BYTE, i, first);
            orders.set(ValueLayout.JAVA_BYTE, LINE + i, (byte) (first + 2));
        }
        return orders;
    }

    /** Rows, bytes from row to row, panel, runs, orders. */
    private static Assembler write() {
        Register rows = Register.RDI;
        Register step = Register.RSI;
        Register panel = Register.RDX;
        Register runs = Register.RCX;
        Register scale = Register.RAX;
        Register half = Register.R9; // bytes from a register's lower row to its upper one
        Register lower = Register.R10;
        Register upper = Register.R11;
        Label run = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        code.vmovups(zmm(30), at(Register.R8, 0));
        code.vmovups(zmm(31), at(Register.R8, LINE));
        code.mov(half, step);
        for (int doubled = 1; doubled < ROWS; doubled *= 2) {
            code.add(half, half);
        }
        code.test(runs);
        code.jump(Condition.ZERO, end);
        code.place(run);
        code.mov(lower, rows);
        code.mov(upper, rows);
        code.add(upper, half);
        for (int i = 0; i < ROWS; i++) {
            code.movzx(scale, at(lower, BlockLayout.Q8_0_SCALE));
            code.mov16(at(panel, i * Short.BYTES), scale);
            code.movzx(scale, at(upper, BlockLayout.Q8_0_SCALE));
            code.mov16(at(panel, (ROWS + i) * Short.BYTES), scale);
            code.vmovups(zmm(i).ymm(), at(lower, BlockLayout.Q8_0_NUMBERS));
            code.vinserti64x4(zmm(i), zmm(i), at(upper, BlockLayout.Q8_0_NUMBERS));
            code.add(lower, step);
            code.add(upper, step);
        }
        IntSquare.transpose(code);
        for (int i = 0; i < ROWS / 2; i++) {
            for (int order = 0; order < 2; order++) {
                code.vmovups(zmm(16), zmm(30 + order));
                code.vpermi2b(zmm(16), zmm(i), zmm(ROWS / 2 + i));
                code.vmovups(at(panel, SCALES + (2 * i + order) * LINE), zmm(16));
            }
        }
        code.add(rows, BLOCK);
        code.add(panel, (int) BytePanels.RUN);
        code.repeat(runs, run);
        code.place(end);
        code.ret();
        return code;
    }
}
