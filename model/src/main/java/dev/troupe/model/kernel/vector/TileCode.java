package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Address;
import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.CodeTable;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;

/**
 * {@link Tiles} as machine code, where A's numbers follow each other, or lie as far apart as the numbers of a span in
 * attention's gradients, and C's rows as far as B's: the same sums, without waiting for a compiler when a process
 * starts.
 */
final class TileCode {
    /** Whether it runs here. */
    static final boolean RUNS = Lanes.matchMachineCode();

    private static final int ROWS = Tiles.ROWS;
    private static final int VECTORS = 4;
    private static final int LINE = 64;
    private static final int ROWS_EACH = 3; // of an address

    private static final int APART = 64 * Float.BYTES;

    /** By rows, vectors, whether they add to C, and where A's numbers lie. */
    private static final CodeTable CODES = new CodeTable(ROWS * VECTORS * 2 * 2, number -> {
        int tile = number / 4;
        int stepA = number % 2 == 0 ? Float.BYTES : APART;
        return new TileCode(tile / VECTORS + 1, tile % VECTORS + 1, stepA).write(number / 2 % 2 == 1);
    });

    private static final Register A = Register.RDI;
    private static final Register B = Register.RSI;
    private static final Register C = Register.RDX;
    private static final Register K = Register.RCX;
    private static final Register ROW_A = Register.R8;
    private static final Register ROW = Register.R9;
    private static final Register LATER_A = Register.R10;
    private static final Register LATER_C = Register.R11;
    private static final VectorRegister X = zmm(31);

    private final Assembler code = new Assembler();
    private final int rows;
    private final int vectors;
    private final int stepA;

    private TileCode(int rows, int vectors, int stepA) {
        this.rows = rows;
        this.vectors = vectors;
        this.stepA = stepA;
    }

    /** Whether there is code for these distances. */
    static boolean runs(long stepA, long stepB, long rowC) {
        return RUNS && (stepA == Float.BYTES || stepA == APART) && stepB == rowC;
    }

    /** As {@link Tiles#product}; {@code row} is the distance of B's rows, and of C's. */
    static void product(
            int rows, int columns, int k, long a, long rowA, long stepA, long b, long row, long c, boolean fromC) {
        int tiles = Math.ceilDiv(rows, ROWS);
        for (int column = 0; column < columns; column += VECTORS * Lanes.LANES) {
            int vectors = Math.min(VECTORS, (columns - column) / Lanes.LANES);
            for (int tile = 0; tile < tiles; tile++) {
                int first = tile * rows / tiles;
                int height = (tile + 1) * rows / tiles - first;
                code(height, vectors, fromC, stepA == APART)
                        .run(a + first * rowA, b + column * 4L, c + first * row + column * 4L, k, rowA, row);
            }
        }
    }

    private static MachineCode code(int rows, int vectors, boolean fromC, boolean apart) {
        return CODES.of(((rows - 1) * VECTORS + vectors - 1) * 4 + (fromC ? 2 : 0) + (apart ? 1 : 0));
    }

    private Assembler write(boolean fromC) {
        Label loop = new Label();
        Label end = new Label();
        if (rows > ROWS_EACH) {
            later(LATER_A, A, ROW_A);
            later(LATER_C, C, ROW);
        }
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                if (fromC) {
                    code.vmovups(sum(r, v), ofC(r, v));
                } else {
                    code.vpxord(sum(r, v), sum(r, v), sum(r, v));
                }
            }
        }
        code.test(K);
        code.jump(Condition.ZERO, end);
        code.place(loop);
        for (int v = 0; v < vectors; v++) {
            code.vmovups(ofB(v), at(B, v * LINE));
        }
        for (int r = 0; r < rows; r++) {
            code.vpbroadcastd(X, row(r, A, LATER_A, ROW_A, 0));
            for (int v = 0; v < vectors; v++) {
                code.vfmadd231ps(sum(r, v), X, ofB(v));
            }
        }
        code.add(A, stepA);
        if (rows > ROWS_EACH) {
            code.add(LATER_A, stepA);
        }
        code.add(B, ROW);
        code.repeat(K, loop);
        code.place(end);
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                code.vmovups(ofC(r, v), sum(r, v));
            }
        }
        code.ret();
        return code;
    }

    private void later(Register later, Register first, Register distance) {
        code.mov(later, first);
        for (int i = 0; i < ROWS_EACH; i++) {
            code.add(later, distance);
        }
    }

    private static Address row(int row, Register first, Register later, Register distance, int displacement) {
        Address address = at(row < ROWS_EACH ? first : later, displacement);
        return row % ROWS_EACH == 0 ? address : address.plus(distance, row % ROWS_EACH);
    }

    private static Address ofC(int row, int vector) {
        return row(row, C, LATER_C, ROW, vector * LINE);
    }

    private static VectorRegister ofB(int vector) {
        return zmm(ROWS * VECTORS + vector);
    }

    private VectorRegister sum(int row, int vector) {
        return zmm(row * vectors + vector);
    }
}
