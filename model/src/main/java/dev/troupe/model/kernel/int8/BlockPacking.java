package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.IntSquare;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.quantized.BlockLayout;
import dev.troupe.model.kernel.quantized.NibblePacking;
import dev.troupe.model.tensor.StorageType;

/**
 * Lays out whole panels of a {@link BlockWeight} by machine code, which needs no compiler when a process starts. A run
 * of 32 rows of Q8_0 is 16 registers, with two rows in each, of which ints are turned as a matrix of 16 x 16.
 */
final class BlockPacking {
    private static final int ROWS = 16; // that are the lower halves of registers
    private static final int LINE = 64;
    private static final int SCALES = (int) BlockWeight.HALVES;
    private static final int STEP = (int) BlockWeight.ROW;

    /** Written when it is first used, where it runs. */
    private static final class Code {
        private static final MachineCode PACK = MachineCode.install(write());
    }

    private BlockPacking() {}

    /** Whether panels of a type can be laid out so here. */
    static boolean packs(StorageType type) {
        return (type == StorageType.Q8_0 || type == StorageType.Q4_0)
                && BlockWeight.COLUMNS == 2 * ROWS
                && MachineCode.unavailable().isEmpty();
    }

    /**
     * Lays a panel out.
     *
     * @param type of which {@link #packs} says so
     * @param rows address of the first of a panel's rows, which follow each other
     * @param panel address
     */
    static void pack(StorageType type, int k, long rows, long panel) {
        if (type == StorageType.Q4_0) {
            NibblePacking.pack(k, rows, panel);
        } else {
            Code.PACK.run(rows, type.bytes(k), panel, k / BlockWeight.RUN, 0);
        }
    }

    /** Rows, bytes from row to row, panel, runs. */
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
        code.constant(zmm(31), BlockWeight.TOP_BITS);
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
        for (int i = 0; i < ROWS; i++) {
            int line = i % BlockWeight.BYTE_STEPS * STEP + i / BlockWeight.BYTE_STEPS * LINE;
            code.vpxord(zmm(i), zmm(i), zmm(31));
            code.vmovups(at(panel, SCALES + line), zmm(i));
        }
        code.add(rows, StorageType.Q8_0.blockBytes());
        code.add(panel, (int) BlockWeight.BYTE_RUN);
        code.repeat(runs, run);
        code.place(end);
        code.ret();
        return code;
    }
}
