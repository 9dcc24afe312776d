package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;

/** Over Q4_0's {@link NibblePanels}: four bits of a lane choose its float from a table of sixteen. */
final class NibbleRowLoop extends RowLoop {
    private static final int SCALES = PanelFormat.COLUMNS * Short.BYTES;
    private static final int INPUTS = BlockLayout.SMALL;
    private static final int PER_INT = 8;
    private static final int BITS = 4;

    private final VectorRegister table = zmm(31);

    NibbleRowLoop(int panels, int rows) {
        super(panels, rows, INPUTS, SCALES + INPUTS / 2 * PanelFormat.COLUMNS);
    }

    @Override
    void constants() {
        VectorRegister zero = zmm(30);
        lanes(table);
        code.vcvtdq2ps(table, table);
        code.constant(zero, (float) BlockLayout.Q4_0_ZERO);
        code.vsubps(table, table, zero);
    }

    private VectorRegister numbers(int panel, int half) {
        return own(0, panel, half);
    }

    private VectorRegister scale(int panel, int half) {
        return own(1, panel, half);
    }

    private VectorRegister work(int panel, int half) {
        return own(2, panel, half);
    }

    private VectorRegister own(int kind, int panel, int half) {
        return manyRows() ? zmm(24 + HALVES * kind + half) : zmm(4 + HALVES * (2 * kind + panel) + half);
    }

    @Override
    int pieces() {
        return INPUTS;
    }

    @Override
    void begin(int panel) {
        for (int half = 0; half < HALVES; half++) {
            code.vcvtph2ps(scale(panel, half), weights(panel, half * (SCALES / HALVES)));
        }
    }

    @Override
    void add(int panel, int input) {
        for (int half = 0; half < HALVES; half++) {
            VectorRegister numbers = numbers(panel, half);
            if (input % PER_INT == 0) {
                code.vmovups(numbers, weights(panel, SCALES + input / 2 * PanelFormat.COLUMNS + half * LINE));
            } else {
                code.vpsrld(numbers, numbers, BITS);
            }
            VectorRegister work = work(panel, half);
            code.vpermps(work, numbers, table);
            code.vmulps(work, work, scale(panel, half));
            multiplyAdd(panel, half, input, work);
        }
    }
}
