package dev.troupe.model.kernel.machine;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

/** A matrix of 16 x 16 ints in the first sixteen vector registers, a row in each. */
public final class IntSquare {
    private static final int ROWS = 16;
    private static final int PARTS = 4; // of 128 bits, of a register
    private static final int FIRST_PARTS = 0x88; // of four, the first and the third of each, for vshufi32x4
    private static final int SECOND_PARTS = 0xDD;

    private IntSquare() {}

    /** Turns zmm0 to zmm15: first within each 4 x 4 of a part, then the parts. Changes zmm16 to zmm19. */
    public static void transpose(Assembler code) {
        VectorRegister a = zmm(ROWS);
        VectorRegister b = zmm(ROWS + 1);
        VectorRegister c = zmm(ROWS + 2);
        VectorRegister d = zmm(ROWS + 3);
        for (int i = 0; i < ROWS; i += PARTS) {
            code.vpunpckldq(a, zmm(i), zmm(i + 1));
            code.vpunpckhdq(b, zmm(i), zmm(i + 1));
            code.vpunpckldq(c, zmm(i + 2), zmm(i + 3));
            code.vpunpckhdq(d, zmm(i + 2), zmm(i + 3));
            code.vpunpcklqdq(zmm(i), a, c);
            code.vpunpckhqdq(zmm(i + 1), a, c);
            code.vpunpcklqdq(zmm(i + 2), b, d);
            code.vpunpckhqdq(zmm(i + 3), b, d);
        }
        for (int i = 0; i < PARTS; i++) {
            code.vshufi32x4(a, zmm(i), zmm(i + 4), FIRST_PARTS);
            code.vshufi32x4(b, zmm(i), zmm(i + 4), SECOND_PARTS);
            code.vshufi32x4(c, zmm(i + 8), zmm(i + 12), FIRST_PARTS);
            code.vshufi32x4(d, zmm(i + 8), zmm(i + 12), SECOND_PARTS);
            code.vshufi32x4(zmm(i), a, c, FIRST_PARTS);
            code.vshufi32x4(zmm(i + 4), b, d, FIRST_PARTS);
            code.vshufi32x4(zmm(i + 8), a, c, SECOND_PARTS);
            code.vshufi32x4(zmm(i + 12), b, d, SECOND_PARTS);
        }
    }
}
