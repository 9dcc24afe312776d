package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.Address;
import dev.troupe.model.kernel.machine.Assembler;
import dev.troupe.model.kernel.machine.Label;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.machine.Register;
import dev.troupe.model.kernel.machine.VectorRegister;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Machine code for sums of products of some rows and a panel of an {@link Int8Weight}: an instruction multiplies four
 * numbers of each of 16 outputs, as they lie in memory, with a row's, which have no sign. Sums stay in registers, and
 * memory is asked for well before it is needed.
 */
final class DotBytesTile {
    /** Rows at most: so many sums of a panel are in registers. */
    static final int MOST_ROWS = 6;

    /** Bytes of the sums of a row. */
    static final long SUMS = Int8Weight.COLUMNS * (long) Integer.BYTES;

    private static final int QUADS = 4; // of a turn of the loop
    private static final int LINE = 64;
    private static final int VECTORS = Int8Weight.QUAD_BYTES / LINE; // of a quad
    private static final int TURN = QUADS * Int8Weight.QUAD_BYTES; // bytes
    private static final int AHEAD = 4 * TURN;
    private static final int ROWS_EACH = 3; // that one register tells the places of

    private static final List<MachineCode> TILES = IntStream.rangeClosed(1, MOST_ROWS)
            .mapToObj(rows -> MachineCode.install(write(rows)))
            .toList();

    private DotBytesTile() {}

    /**
     * Sums of rows.
     *
     * @param row address of the first, of numbers plus {@link Int8Weight#SHIFT}, {@link Int8Weight#depth} apart
     * @param sums address of ints [rows][COLUMNS], written
     */
    static void sum(Int8Weight w, int rows, long row, int panel, long sums) {
        int depth = Int8Weight.depth(w.k());
        long numbers = w.numbers().address() + panel * Int8Weight.panelBytes(depth);
        TILES.get(rows - 1).run(row, numbers, depth / (QUADS * Int8Weight.QUAD), sums, depth);
    }

    private static VectorRegister sum(int row, int vector) {
        return zmm(VECTORS * row + vector);
    }

    /** Rows, numbers, turns, sums, bytes from row to row. */
    private static Assembler write(int rows) {
        List<Register> places = List.of(Register.RDI, Register.R9);
        Register numbers = Register.RSI;
        Register turns = Register.RDX;
        Register sums = Register.RCX;
        Register distance = Register.R8;
        Label turn = new Label();
        Assembler code = new Assembler();
        for (int i = 0; i < VECTORS * rows; i++) {
            code.vpxord(zmm(i), zmm(i), zmm(i));
        }
        code.mov(places.getLast(), places.getFirst());
        for (int i = 0; i < ROWS_EACH; i++) {
            code.add(places.getLast(), distance);
        }
        code.place(turn);
        for (int line = 0; line < TURN; line += LINE) {
            code.prefetcht1(at(numbers, AHEAD + line));
        }
        for (int quad = 0; quad < QUADS; quad++) {
            for (int v = 0; v < VECTORS; v++) {
                code.vmovups(zmm(24 + v), at(numbers, quad * Int8Weight.QUAD_BYTES + v * LINE));
            }
            for (int r = 0; r < rows; r++) {
                Address first = at(places.get(r / ROWS_EACH), quad * Int8Weight.QUAD);
                VectorRegister x = zmm(28 + r % 4);
                code.vpbroadcastd(x, r % ROWS_EACH == 0 ? first : first.plus(distance, r % ROWS_EACH));
                for (int v = 0; v < VECTORS; v++) {
                    code.vpdpbusd(sum(r, v), x, zmm(24 + v));
                }
            }
        }
        code.add(numbers, TURN);
        for (Register place : places) {
            code.add(place, QUADS * Int8Weight.QUAD);
        }
        code.repeat(turns, turn);
        for (int i = 0; i < VECTORS * rows; i++) {
            code.vmovups(at(sums, i * LINE), zmm(i));
        }
        code.ret();
        return code;
    }
}
