package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.CodeTable;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;

/**
 * {@link GemmTile} as machine code, a loop for each number of rows: the same sums, without waiting for a compiler when
 * a process starts.
 */
final class GemmTileCode {
    /** Whether it runs here. */
    static final boolean RUNS = Lanes.matchMachineCode();

    private static final int HALVES = 2; // of a panel's columns: a vector each
    private static final int LINE = 64;

    /** By the number of rows: those that store sums, then those that add to a base. */
    private static final CodeTable CODES =
            new CodeTable(2 * GemmTile.ROWS, number -> write(number % GemmTile.ROWS + 1, number >= GemmTile.ROWS));

    private static final Register A = Register.RDI;
    private static final Register B = Register.RSI;
    private static final Register DEPTH = Register.RDX;
    private static final Register BASE = Register.RCX;
    private static final Register TO = Register.R8;
    private static final Register ROW = Register.R9;
    private static final VectorRegister X = zmm(31);
    private static final VectorRegister LEFT = zmm(30);
    private static final VectorRegister RIGHT = zmm(29);

    private GemmTileCode() {}

    /** As {@link GemmTile#product}. */
    static void product(int rows, int depth, long strip, long panel, long sums) {
        code(rows, false).run(strip, panel, depth, 0, sums, GemmTile.ROW_B);
    }

    /**
     * Writes the sums, or what they are added to plus the sums, where they shall be.
     *
     * @param base address of what the sums are added to, or 0
     * @param row distance from row to row of {@code to} and of the base
     */
    static void product(int rows, int depth, long strip, long panel, long base, long to, long row) {
        code(rows, base != 0).run(strip, panel, depth, base, to, row);
    }

    private static MachineCode code(int rows, boolean add) {
        return CODES.of(add ? GemmTile.ROWS + rows - 1 : rows - 1);
    }

    private static Assembler write(int rows, boolean add) {
        Label loop = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        for (int i = 0; i < rows * HALVES; i++) {
            code.vpxord(zmm(i), zmm(i), zmm(i));
        }
        code.test(DEPTH);
        code.jump(Condition.ZERO, end);
        code.place(loop);
        code.vmovups(LEFT, at(B, 0));
        code.vmovups(RIGHT, at(B, LINE));
        for (int r = 0; r < rows; r++) {
            code.vpbroadcastd(X, at(A, r * Float.BYTES));
            code.vfmadd231ps(zmm(r * HALVES), X, LEFT);
            code.vfmadd231ps(zmm(r * HALVES + 1), X, RIGHT);
        }
        code.add(A, Math.toIntExact(GemmTile.ROW_A));
        code.add(B, Math.toIntExact(GemmTile.ROW_B));
        code.repeat(DEPTH, loop);
        code.place(end);
        for (int r = 0; r < rows; r++) {
            for (int half = 0; half < HALVES; half++) {
                VectorRegister sum = zmm(r * HALVES + half);
                if (add) {
                    code.vaddps(sum, sum, at(BASE, half * LINE));
                }
                code.vmovups(at(TO, half * LINE), sum);
            }
            if (add) {
                code.add(BASE, ROW);
            }
            code.add(TO, ROW);
        }
        code.ret();
        return code;
    }
}
