package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;

/**
 * Over Q4_0's {@link NibblePanels}, for several rows, which leave few registers for anything else: four bits of a lane
 * choose its float from a table of sixteen.
 */
final class NibbleRowsLoop extends RowLoop {
    private static final int SCALES = PanelFormat.COLUMNS * Short.BYTES;
    private static final int INPUTS = BlockLayout.SMALL;
    private static final int PER_INT = 8;
    private static final int BITS = 4;

    private final VectorRegister table = zmm(31);

    NibbleRowsLoop(int rows) {
        super(1, rows, INPUTS, SCALES + INPUTS / 2 * PanelFormat.COLUMNS);
    }

    @Override
    void constants() {
        VectorRegister zero = zmm(30);
        lanes(table);
        code.vcvtdq2ps(table, table);
        code.constant(zero, (float) BlockLayout.Q4_0_ZERO);
        code.vsubps(table, table, zero);
    }

    private static VectorRegister numbers(int half) {
        return zmm(24 + half);
    }

    private static VectorRegister scale(int half) {
        return zmm(26 + half);
    }

    private static VectorRegister work(int half) {
        return zmm(28 + half);
    }

    @Override
    int pieces() {
        return INPUTS;
    }

    @Override
    void begin(int panel) {
        for (int half = 0; half < HALVES; half++) {
            code.vcvtph2ps(scale(half), weights(panel, half * (SCALES / HALVES)));
        }
    }

    @Override
    void add(int panel, int input) {
        for (int half = 0; half < HALVES; half++) {
            VectorRegister numbers = numbers(half);
            if (input % PER_INT == 0) {
                code.vmovups(numbers, weights(panel, SCALES + input / 2 * PanelFormat.COLUMNS + half * LINE));
            } else {
                code.vpsrld(numbers, numbers, BITS);
            }
            VectorRegister work = work(half);
            code.vpermps(work, numbers, table);
            code.vmulps(work, work, scale(half));
            multiplyAdd(panel, half, input, work);
        }
    }
}
