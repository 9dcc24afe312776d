package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.Lanes;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * {@link GemmTile} as machine code, a loop for each number of rows: the same sums, without waiting for a compiler when
 * a process starts.
 */
final class GemmTileCode {
    /** Whether it runs here. */
    static final boolean RUNS = Lanes.LANES == 16 && MachineCode.unavailable().isEmpty();

    private static final int HALVES = 2; // of a panel's columns: a vector each
    private static final int LINE = 64;

    /** Written when they are first used. */
    private static final AtomicReferenceArray<MachineCode> CODES = new AtomicReferenceArray<>(GemmTile.ROWS);

    private GemmTileCode() {}

    /** As {@link GemmTile#product}. */
    static void product(int rows, int depth, long strip, long panel, long sums) {
        MachineCode code = CODES.get(rows - 1);
        (code == null ? install(rows) : code).run(strip, panel, sums, depth, 0);
    }

    private static synchronized MachineCode install(int rows) {
        MachineCode code = CODES.get(rows - 1);
        if (code == null) {
            code = MachineCode.install(write(rows));
            CODES.set(rows - 1, code);
        }
        return code;
    }

    /** The strip, the panel, sums, depth. */
    private static Assembler write(int rows) {
        Register a = Register.RDI;
        Register b = Register.RSI;
        Register sums = Register.RDX;
        Register depth = Register.RCX;
        VectorRegister x = zmm(31);
        VectorRegister left = zmm(30);
        VectorRegister right = zmm(29);
        Label loop = new Label();
        Label end = new Label();
        Assembler code = new Assembler();
        for (int i = 0; i < rows * HALVES; i++) {
            code.vpxord(zmm(i), zmm(i), zmm(i));
        }
        code.test(depth);
        code.jump(Condition.ZERO, end);
        code.place(loop);
        code.vmovups(left, at(b, 0));
        code.vmovups(right, at(b, LINE));
        for (int r = 0; r < rows; r++) {
            code.vpbroadcastd(x, at(a, r * Float.BYTES));
            code.vfmadd231ps(zmm(r * HALVES), x, left);
            code.vfmadd231ps(zmm(r * HALVES + 1), x, right);
        }
        code.add(a, Math.toIntExact(GemmTile.ROW_A));
        code.add(b, Math.toIntExact(GemmTile.ROW_B));
        code.dec(depth);
        code.jump(Condition.NOT_ZERO, loop);
        code.place(end);
        for (int i = 0; i < rows * HALVES; i++) {
            code.vmovups(at(sums, i * LINE), zmm(i));
        }
        code.ret();
        return code;
    }
}
