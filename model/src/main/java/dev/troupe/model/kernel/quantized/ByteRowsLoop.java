package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;

/** Over {@link BytePanels}, for several rows. */
final class ByteRowsLoop extends ScaledRowsLoop {
    ByteRowsLoop(int rows) {
        super(rows, BlockLayout.SMALL * PanelFormat.COLUMNS);
    }

    @Override
    void constants() {
        // There are none.
    }

    @Override
    VectorRegister floats(int panel, int half, int input) {
        VectorRegister numbers = zmm(26 + half);
        int line = SCALES + input * PanelFormat.COLUMNS;
        code.vpmovsxbd(numbers, weights(panel, line + half * (PanelFormat.COLUMNS / HALVES)));
        code.vcvtdq2ps(numbers, numbers);
        return numbers;
    }
}
