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
    void turn(int panel) {
        for (int half = 0; half < HALVES; half++) {
            code.vcvtph2ps(scale(half), weights(panel, half * (SCALES / HALVES)));
        }
        for (int step = 0; step < INPUTS; step += PER_INT) {
            for (int half = 0; half < HALVES; half++) {
                code.vmovups(numbers(half), weights(panel, SCALES + step / 2 * PanelFormat.COLUMNS + half * LINE));
            }
            for (int i = 0; i < PER_INT; i++) {
                for (int half = 0; half < HALVES; half++) {
                    if (i > 0) {
                        code.vpsrld(numbers(half), numbers(half), BITS);
                    }
                    code.vpermps(work(half), numbers(half), table);
                    code.vmulps(work(half), work(half), scale(half));
                    multiplyAdd(panel, half, step + i, work(half));
                }
            }
        }
    }
}
