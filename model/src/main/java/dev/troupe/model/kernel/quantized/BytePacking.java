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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/**
 * Lays out a whole panel of {@link BytePanels} by machine code: a run of 32 rows is 16 registers, with two rows in
 * each, of which ints are turned as a matrix of 16 x 16; then four inputs of all rows are in two registers, and bytes
 * are chosen from both.
 */
public final class BytePacking {
    /** Where the panel's run is written. */
    public static final Register PANEL = Register.RDX;

    private static final int ROWS = 16; // that are the lower halves of registers
    private static final int SCALES = (int) BytePanels.NUMBERS;
    private static final int LINE = 64;
    private static final int BLOCK = StorageType.Q8_0.blockBytes();

    private static final MemorySegment ORDERS = orders();
    private static final VectorRegister FIRST_TWO = zmm(30);
    private static final VectorRegister LAST_TWO = zmm(31);

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode PACK =
                MachineCode.install(write(BytePacking::readOrders, BytePacking::choose));
    }

    private BytePacking() {}

    /**
     * As {@link BytePanels#pack} of all columns.
     *
     * @param rows address of the first
     * @param panel address
     */
    static void pack(int k, long rows, long panel) {
        Code.PACK.run(rows, StorageType.Q8_0.bytes(k), panel, k / BlockLayout.SMALL, ORDERS.address());
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

    private static void readOrders(Assembler code) {
        code.vmovups(FIRST_TWO, at(Register.R8, 0));
        code.vmovups(LAST_TWO, at(Register.R8, LINE));
    }

    private static void choose(Assembler code) {
        for (int i = 0; i < ROWS / 2; i++) {
            choose(code, FIRST_TWO, i, 2 * i);
            choose(code, LAST_TWO, i, 2 * i + 1);
        }
    }

    private static void choose(Assembler code, VectorRegister order, int i, int line) {
        code.vmovups(zmm(16), order);
        code.vpermi2b(zmm(16), zmm(i), zmm(ROWS / 2 + i));
        code.vmovups(at(PANEL, SCALES + line * LINE), zmm(16));
    }

    /**
     * Code that lays out panels of 32 rows of Q8_0, of whatever form: [{@link PanelFormat#COLUMNS}] float16 scales,
     * then 1,024 bytes, for each run of 32 inputs. Its arguments are rows, bytes from row to row, panel, runs, and one
     * more.
     *
     * @param before reads what the form needs, into registers from zmm20 on
     * @param numbers stores the bytes behind the scales at {@link #PANEL}: four inputs i of all rows are in zmm(i), the
     *     first sixteen rows, and zmm(8 + i), the others
     */
    public static Assembler write(Consumer<Assembler> before, Consumer<Assembler> numbers) {
        Register rows = Register.RDI;
        Register step = Register.RSI;
        Register runs = Register.RCX;
        Register scale = Register.RAX;
        Register half = Register.R9; // bytes from a register's lower row to its upper one
        Register lower = Register.R10;
        Register upper = Register.R11;
        Label run = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        before.accept(code);
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
            code.mov16(at(PANEL, i * Short.BYTES), scale);
            code.movzx(scale, at(upper, BlockLayout.Q8_0_SCALE));
            code.mov16(at(PANEL, (ROWS + i) * Short.BYTES), scale);
            code.vmovups(zmm(i).ymm(), at(lower, BlockLayout.Q8_0_NUMBERS));
            code.vinserti64x4(zmm(i), zmm(i), at(upper, BlockLayout.Q8_0_NUMBERS));
            code.add(lower, step);
            code.add(upper, step);
        }
        IntSquare.transpose(code);
        numbers.accept(code);
        code.add(rows, BLOCK);
        code.add(PANEL, (int) BytePanels.RUN);
        code.repeat(runs, run);
        code.place(end);
        code.ret();
        return code;
    }
}
