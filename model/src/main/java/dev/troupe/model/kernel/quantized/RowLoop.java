package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.Address.each;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Address;
import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Condition;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import java.util.List;

/**
 * Writes a loop that multiplies one row with one or two panels, or some rows with a panel, each lane a chain of
 * multiply-adds in the order of inputs, as {@link PanelFormat#multiply} says. A thread needs as many chains as hide how
 * long a multiply-add takes, and asks for memory well before it is needed.
 *
 * <p>Arguments of the code: the first row, the first panel, turns of the loop, sums, and bytes from the first panel to
 * the second or from row to row.
 */
abstract class RowLoop {
    /** Rows at most: their sums are 24 of 32 registers. */
    static final int MOST_ROWS = 12;

    /** Bytes from the sums of a row to those of the next. */
    static final int ROW_SUMS = (int) ChainSums.ROW;

    static final int LINE = 64;
    static final int HALVES = 2; // of a panel's outputs: a vector each

    /**
     * Bytes of what scales a run of a panel's inputs, before their numbers, where they have one float16 for each
     * output.
     */
    static final int SCALES = PanelFormat.COLUMNS * Short.BYTES;

    private static final int AHEAD = 4096; // bytes: as many as come within some 300 ns

    private static final Register TURNS = Register.RDX;
    private static final Register SUMS = Register.RCX;
    private static final Register DISTANCE = Register.R8;

    /** Where the panels are. */
    private static final List<Register> PANELS = List.of(Register.RSI, Register.R9);

    /** Where every third row is. */
    private static final List<Register> ROWS = List.of(Register.RDI, Register.R9, Register.R10, Register.R11);

    private static final int ROWS_EACH = 3;

    final Assembler code = new Assembler();
    private final int panels;
    private final int rows;

    private final int inputs;
    private final int bytes;

    /**
     * A loop to be written.
     *
     * @param panels 1, or for a single row 2
     * @param inputs of a turn
     * @param bytes of a turn in a panel
     */
    RowLoop(int panels, int rows, int inputs, long bytes) {
        this.panels = panels;
        this.rows = rows;
        this.inputs = inputs;
        this.bytes = Math.toIntExact(bytes);
    }

    /** Pieces of a turn. */
    abstract int pieces();

    /** Inputs of a turn. */
    final int inputs() {
        return inputs;
    }

    /** What stays in registers: some of zmm24 to zmm31. */
    abstract void constants();

    /** What a turn begins with. The others of zmm24 to zmm31 are its own, and for a single row all from zmm4 on. */
    abstract void begin(int panel);

    /** Piece {@code piece} of a turn. Those of two panels follow each other, so that neither waits for its own sums. */
    abstract void add(int panel, int piece);

    /** Whether there is more than one row. */
    final boolean manyRows() {
        return rows > 1;
    }

    final Assembler write() {
        Label turn = new Label();
        Label end = new Label();
        constants();
        addresses();
        for (int i = 0; i < panels * rows * HALVES; i++) {
            code.vpxord(zmm(i), zmm(i), zmm(i));
        }
        code.test(TURNS);
        code.jump(Condition.ZERO, end);
        code.place(turn);
        for (int p = 0; p < panels; p++) {
            begin(p);
        }
        int lines = Math.ceilDiv(bytes, LINE);
        for (int piece = 0; piece < pieces(); piece++) {
            for (int p = 0; p < panels; p++) {
                for (int line = piece * lines / pieces(); line < (piece + 1) * lines / pieces(); line++) {
                    code.prefetcht1(weights(p, AHEAD + line * LINE));
                }
                add(p, piece);
            }
        }
        for (int p = 0; p < panels; p++) {
            code.add(PANELS.get(p), bytes);
        }
        for (int r = 0; r < rows; r += ROWS_EACH) {
            code.add(ROWS.get(r / ROWS_EACH), inputs * Float.BYTES);
        }
        code.repeat(TURNS, turn);
        code.place(end);
        for (int i = 0; i < panels * rows; i++) {
            for (int half = 0; half < HALVES; half++) {
                code.vmovups(
                        at(SUMS, i * (manyRows() ? ROW_SUMS : (int) PanelFormat.SUMS) + half * LINE), sum(i, half));
            }
        }
        code.ret();
        return code;
    }

    private void addresses() {
        if (panels == 2) {
            code.mov(PANELS.getLast(), PANELS.getFirst());
            code.add(PANELS.getLast(), DISTANCE);
        }
        for (int i = 1; i * ROWS_EACH < rows; i++) {
            code.mov(ROWS.get(i), ROWS.get(i - 1));
            for (int row = 0; row < ROWS_EACH; row++) {
                code.add(ROWS.get(i), DISTANCE);
            }
        }
    }

    private static VectorRegister sum(int panelOrRow, int half) {
        return zmm(HALVES * panelOrRow + half);
    }

    /** What lies in a panel at a distance from a turn's start. */
    static Address weights(int panel, int distance) {
        return at(PANELS.get(panel), distance);
    }

    /** The scales that a turn begins with, of a half. */
    final void scales(VectorRegister to, int panel, int half) {
        code.vcvtph2ps(to, weights(panel, half * (SCALES / HALVES)));
    }

    /** Adds the products of a turn's input, of all rows, and a half's numbers. */
    final void multiplyAdd(int panel, int half, int input, VectorRegister numbers) {
        for (int r = 0; r < rows; r++) {
            Address first = each(ROWS.get(r / ROWS_EACH), input * Float.BYTES);
            Address x = r % ROWS_EACH == 0 ? first : first.plus(DISTANCE, r % ROWS_EACH);
            code.vfmadd231ps(sum(manyRows() ? r : panel, half), numbers, x);
        }
    }
}
