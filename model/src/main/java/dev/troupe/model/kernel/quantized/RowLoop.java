package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.Address.each;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Address;
import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Assembler.Condition;
import dev.troupe.model.kernel.machine.Assembler.Label;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import java.util.List;

/**
 * Writes a loop that multiplies one row with one or two panels, each lane a chain of multiply-adds in the order of
 * inputs, as {@link PanelFormat#multiply} says. A thread needs as many chains as hide how long a multiply-add takes,
 * and asks for memory well before it is needed.
 *
 * <p>Arguments of the code: the row, the first panel, turns of the loop, sums, bytes from the first panel to the
 * second.
 */
abstract class RowLoop {
    static final int LINE = 64;

    private static final int AHEAD = 4096; // bytes: as many as come within some 300 ns

    private static final Register ROW = Register.RDI;
    private static final Register TURNS = Register.RDX;
    private static final Register SUMS = Register.RCX;
    private static final Register DISTANCE = Register.R8;

    /** Where the panels are. */
    private static final List<Register> PANELS = List.of(Register.RSI, Register.R9);

    final Assembler code = new Assembler();
    private final int panels;

    /** @param panels 1 or 2 */
    RowLoop(int panels) {
        this.panels = panels;
    }

    /** Inputs of a turn. */
    abstract int inputs();

    /** Bytes of a turn in a panel. */
    abstract int bytes();

    /** What stays in registers: from zmm31 down. */
    abstract void constants();

    /** One turn of a panel. Registers from zmm16 on are its own. */
    abstract void turn(int panel);

    final Assembler write() {
        Label turn = new Label();
        Label end = new Label();
        constants();
        if (panels == 2) {
            code.mov(PANELS.getLast(), PANELS.getFirst());
            code.add(PANELS.getLast(), DISTANCE);
        }
        for (int p = 0; p < panels; p++) {
            for (int half = 0; half < 2; half++) {
                code.vpxord(sum(p, half), sum(p, half), sum(p, half));
            }
        }
        code.test(TURNS);
        code.jump(Condition.ZERO, end);
        code.place(turn);
        for (int p = 0; p < panels; p++) {
            for (int line = 0; line < bytes(); line += LINE) {
                code.prefetcht1(weights(p, AHEAD + line));
            }
            turn(p);
        }
        for (int p = 0; p < panels; p++) {
            code.add(PANELS.get(p), bytes());
        }
        code.add(ROW, inputs() * Float.BYTES);
        code.dec(TURNS);
        code.jump(Condition.NOT_ZERO, turn);
        code.place(end);
        for (int p = 0; p < panels; p++) {
            for (int half = 0; half < 2; half++) {
                code.vmovups(at(SUMS, p * (int) PanelFormat.SUMS + half * LINE), sum(p, half));
            }
        }
        code.ret();
        return code;
    }

    /** The sums of a half of a panel's outputs. */
    static VectorRegister sum(int panel, int half) {
        return zmm(2 * panel + half);
    }

    /** What lies in a panel at a distance from a turn's start. */
    static Address weights(int panel, int distance) {
        return at(PANELS.get(panel), distance);
    }

    /** An input of a turn, in each lane. */
    static Address input(int i) {
        return each(ROW, i * Float.BYTES);
    }

    /** In each lane. */
    void constant(VectorRegister to, int bits) {
        code.mov(Register.RAX, bits);
        code.vpbroadcastd(to, Register.RAX);
    }

    void constant(VectorRegister to, float number) {
        constant(to, Float.floatToRawIntBits(number));
    }

    /** The lanes' own numbers, 0 to 15, as ints. */
    void lanes(VectorRegister to) {
        for (int i = 0; i < 4; i++) {
            code.mov(Register.RAX, 0x03_02_01_00 + i * 0x04_04_04_04);
            code.vpinsrd(to.xmm(), Register.RAX, i);
        }
        code.vpmovzxbd(to, to.xmm());
    }
}
