package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;

/** Over {@link BytePanels}, for several rows, which leave few registers for anything else. */
final class ByteRowsLoop extends RowLoop {
    private static final int SCALES = (int) BytePanels.NUMBERS;
    private static final int INPUTS = BlockLayout.SMALL;

    ByteRowsLoop(int rows) {
        super(1, rows, INPUTS, BytePanels.RUN);
    }

    @Override
    void constants() {
        // There are none.
    }

    private static VectorRegister scale(int half) {
        return zmm(24 + half);
    }

    private static VectorRegister numbers(int half) {
        return zmm(26 + half);
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
            int line = SCALES + input * PanelFormat.COLUMNS;
            code.vpmovsxbd(numbers(half), weights(panel, line + half * (PanelFormat.COLUMNS / HALVES)));
            code.vcvtdq2ps(numbers(half), numbers(half));
            code.vmulps(numbers(half), numbers(half), scale(half));
            multiplyAdd(panel, half, input, numbers(half));
        }
    }
}
