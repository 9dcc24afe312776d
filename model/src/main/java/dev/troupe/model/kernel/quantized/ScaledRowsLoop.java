package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;

/** Several rows with numbers that 32 inputs' scales multiply: sums leave few registers for anything else. */
abstract class ScaledRowsLoop extends RowLoop {
    private static final int INPUTS = BlockLayout.SMALL;

    /** @param bytes of a turn's numbers, behind their scales */
    ScaledRowsLoop(int rows, int bytes) {
        super(1, rows, INPUTS, SCALES + bytes);
    }

    private static VectorRegister scale(int half) {
        return zmm(24 + half);
    }

    @Override
    final int pieces() {
        return INPUTS;
    }

    @Override
    final void begin(int panel) {
        for (int half = 0; half < HALVES; half++) {
            scales(scale(half), panel, half);
        }
    }

    /** Writes what has an input's numbers of a half as floats, in a register of zmm26 to zmm31. */
    abstract VectorRegister floats(int panel, int half, int input);

    @Override
    final void add(int panel, int input) {
        for (int half = 0; half < HALVES; half++) {
            VectorRegister floats = floats(panel, half, input);
            code.vmulps(floats, floats, scale(half));
            multiplyAdd(panel, half, input, floats);
        }
    }
}
