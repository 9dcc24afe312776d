package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;

/**
 * Over {@link BytePanels}. With u = q + 128 in the second byte of a float of exponent zero, that is f = 1 + u · 2⁻¹⁵,
 * scale · q is f · 2¹⁵ scale - (2¹⁵ + 128) · scale, of which the numbers of the second term and the result have few
 * enough bits to be exact: so a number takes two instructions, its byte in its place and this. A scale has eleven bits.
 */
final class ByteRowLoop extends RowLoop {
    private static final int INPUTS = BlockLayout.SMALL;
    private static final int PER_LINE = LINE / PanelFormat.COLUMNS; // inputs
    private static final int QUARTERS = PER_LINE * HALVES; // of a line: vectors of numbers
    private static final int SIGNS = 0x80_80_80_80;
    private static final int ONE = Float.floatToRawIntBits(1);
    private static final long SECOND_BYTES = 0x2222_2222_2222_2222L;
    private static final float STEPS = 1 << 15; // between 1 and 2

    private final VectorRegister signs = zmm(31);
    private final VectorRegister one = zmm(30);
    private final VectorRegister steps = zmm(29);
    private final VectorRegister zero = zmm(28);

    ByteRowLoop(int panels) {
        super(panels, 1, INPUTS, BytePanels.RUN);
    }

    /** Which bytes of a line are a quarter's, in the second byte of each lane. */
    private static VectorRegister quarter(int i) {
        return zmm(24 + i);
    }

    private static VectorRegister factor(int panel, int half) {
        return zmm(4 + HALVES * panel + half);
    }

    private static VectorRegister addend(int panel, int half) {
        return zmm(8 + HALVES * panel + half);
    }

    private static VectorRegister numbers(int panel) {
        return zmm(12 + panel);
    }

    private static VectorRegister work(int panel) {
        return zmm(14 + panel);
    }

    @Override
    void constants() {
        code.kmov(SECOND_BYTES);
        code.constant(signs, SIGNS);
        code.constant(one, ONE);
        code.constant(steps, STEPS);
        code.constant(zero, -(STEPS + 128));
        VectorRegister next = work(0);
        code.constant(next, 16 << Byte.SIZE);
        code.lanes(quarter(0));
        code.vpslld(quarter(0), quarter(0), Byte.SIZE);
        for (int i = 1; i < QUARTERS; i++) {
            code.vpaddd(quarter(i), quarter(i - 1), next);
        }
    }

    @Override
    int pieces() {
        return INPUTS / PER_LINE;
    }

    @Override
    void begin(int panel) {
        VectorRegister scale = work(panel);
        for (int half = 0; half < HALVES; half++) {
            scales(scale, panel, half);
            code.vmulps(factor(panel, half), scale, steps);
            code.vmulps(addend(panel, half), scale, zero);
        }
    }

    @Override
    void add(int panel, int line) {
        VectorRegister work = work(panel);
        code.vpxord(numbers(panel), signs, weights(panel, SCALES + line * LINE));
        for (int quarter = 0; quarter < QUARTERS; quarter++) {
            int half = quarter % HALVES;
            code.vmovups(work, one);
            code.vpermb(work, quarter(quarter), numbers(panel));
            code.vfmadd213ps(work, factor(panel, half), addend(panel, half));
            multiplyAdd(panel, half, line * PER_LINE + quarter / HALVES, work);
        }
    }
}
