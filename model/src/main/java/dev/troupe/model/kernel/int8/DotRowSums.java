package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Assembler.Condition;
import dev.troupe.model.kernel.machine.Assembler.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;

/**
 * Sums by dot instructions: one multiplies four numbers of each of 16 outputs, as they lie in memory, with the row's,
 * which have no sign. Memory is asked for well before it is needed.
 */
final class DotRowSums implements RowSums {
    /** Panels of a call: it takes some microseconds. */
    private static final int AT_ONCE = 4;

    private static final int QUADS = 4; // of a turn of the loop
    private static final int LINE = 64;
    private static final int VECTORS = Int8Weight.QUAD_BYTES / LINE; // of a quad
    private static final int TURN = QUADS * Int8Weight.QUAD_BYTES; // bytes
    private static final int AHEAD = 4 * TURN;

    private static final MachineCode CODE = MachineCode.install(write());

    @Override
    public int atOnce() {
        return AT_ONCE;
    }

    @Override
    public long panelBytes() {
        return (long) VECTORS * LINE;
    }

    @Override
    public long rowBytes(int k) {
        return Int8Weight.depth(k);
    }

    @Override
    public float store(int k, long from, long row) {
        return Int8Rows.storeBytes(k, Int8Weight.depth(k), from, row);
    }

    @Override
    public void sum(Int8Weight w, int panel, int count, long row, long sums) {
        int depth = Int8Weight.depth(w.k());
        long numbers = w.numbers().address() + panel * Int8Weight.panelBytes(depth);
        CODE.run(row, numbers, depth / (QUADS * Int8Weight.QUAD), sums, count);
    }

    /** Row, numbers, turns, sums, panels. */
    private static Assembler write() {
        Register row = Register.RDI;
        Register numbers = Register.RSI;
        Register turns = Register.RDX;
        Register sums = Register.RCX;
        Register panels = Register.R8;
        Register x = Register.RAX;
        Register left = Register.R9;
        Label panel = new Label();
        Label turn = new Label();
        Assembler code = new Assembler();
        code.place(panel);
        for (int v = 0; v < VECTORS; v++) {
            code.vpxord(zmm(v), zmm(v), zmm(v));
        }
        code.mov(x, row);
        code.mov(left, turns);
        code.place(turn);
        for (int line = 0; line < TURN; line += LINE) {
            code.prefetcht1(at(numbers, AHEAD + line));
        }
        for (int quad = 0; quad < QUADS; quad++) {
            code.vpbroadcastd(zmm(VECTORS + quad), at(x, quad * Int8Weight.QUAD));
            for (int v = 0; v < VECTORS; v++) {
                code.vpdpbusd(zmm(v), zmm(VECTORS + quad), at(numbers, quad * Int8Weight.QUAD_BYTES + v * LINE));
            }
        }
        code.add(numbers, TURN);
        code.add(x, QUADS * Int8Weight.QUAD);
        code.dec(left);
        code.jump(Condition.NOT_ZERO, turn);
        for (int v = 0; v < VECTORS; v++) {
            code.vmovups(at(sums, v * LINE), zmm(v));
        }
        code.add(sums, VECTORS * LINE);
        code.dec(panels);
        code.jump(Condition.NOT_ZERO, panel);
        code.ret();
        return code;
    }
}
