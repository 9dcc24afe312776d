package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;

/** Over Q4_0's {@link NibblePanels}, for several rows: four bits of a lane choose its float from a table of sixteen. */
final class NibbleRowsLoop extends ScaledRowsLoop {
    private static final int PER_INT = 8;
    private static final int BITS = 4;

    private final VectorRegister table = zmm(31);

    NibbleRowsLoop(int rows) {
        super(rows, BlockLayout.SMALL / 2 * PanelFormat.COLUMNS);
    }

    @Override
    void constants() {
        VectorRegister zero = zmm(30);
        code.lanes(table);
        code.vcvtdq2ps(table, table);
        code.constant(zero, (float) BlockLayout.Q4_0_ZERO);
        code.vsubps(table, table, zero);
    }

    @Override
    VectorRegister floats(int panel, int half, int input) {
        VectorRegister numbers = zmm(26 + half);
        VectorRegister floats = zmm(28 + half);
        if (input % PER_INT == 0) {
            code.vmovups(numbers, weights(panel, SCALES + input / 2 * PanelFormat.COLUMNS + half * LINE));
        } else {
            code.vpsrld(numbers, numbers, BITS);
        }
        code.vpermps(floats, numbers, table);
        return floats;
    }
}
