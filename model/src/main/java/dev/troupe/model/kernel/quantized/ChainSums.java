package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.vector.Rows;

/**
 * What becomes of the sums of a chain: C begins with them, or they are added to what it has. Several rows by machine
 * code where it runs, which needs no compiler when a process starts; a call of it for one would cost more than it saves
 * later. Addresses and distances are in bytes.
 */
final class ChainSums {
    /** From the sums of a row to those of the next. */
    static final long ROW = 2 * PanelFormat.SUMS;

    private static final boolean BY_CODE = MachineCode.unavailable().isEmpty();
    private static final int LINE = 64;
    private static final int COLUMNS = 2 * LINE / Float.BYTES;

    /** Written when it is first used. */
    private static final class Code {
        private static final MachineCode BEGIN = MachineCode.install(written(false));
        private static final MachineCode ADD = MachineCode.install(written(true));
    }

    private ChainSums() {}

    /**
     * Writes base + sums to C, row by row.
     *
     * @param base as {@code c} is laid out, and perhaps the same; or 0
     * @param row distance from row to row of C and of the base
     */
    static void write(int rows, int columns, long sums, long base, long c, long row) {
        if (BY_CODE && rows > 1 && columns % COLUMNS == 0) {
            for (long at = 0; at < columns * (long) Float.BYTES; at += COLUMNS * (long) Float.BYTES) {
                if (base == 0) {
                    Code.BEGIN.run(rows, sums + at, c + at, row, 0);
                } else {
                    Code.ADD.run(rows, sums + at, c + at, row, base + at);
                }
            }
            return;
        }
        for (int r = 0; r < rows; r++) {
            if (base == 0) {
                Rows.copy(columns, sums + r * ROW, c + r * row);
            } else {
                Rows.add(columns, base + r * row, sums + r * ROW, c + r * row);
            }
        }
    }

    /** Rows, sums, C, the distance, the base. */
    private static Assembler written(boolean add) {
        Register rows = Register.RDI;
        Register sums = Register.RSI;
        Register to = Register.RDX;
        Register distance = Register.RCX;
        Register base = Register.R8;
        Label loop = new Label();
        Assembler code = new Assembler();
        code.place(loop);
        for (int i = 0; i < 2; i++) {
            code.vmovups(zmm(i), at(add ? base : sums, i * LINE));
            if (add) {
                code.vaddps(zmm(i), zmm(i), at(sums, i * LINE));
            }
            code.vmovups(at(to, i * LINE), zmm(i));
        }
        code.add(sums, Math.toIntExact(ROW));
        code.add(to, distance);
        if (add) {
            code.add(base, distance);
        }
        code.repeat(rows, loop);
        code.ret();
        return code;
    }
}
