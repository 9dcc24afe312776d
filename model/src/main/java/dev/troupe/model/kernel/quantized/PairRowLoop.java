package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.StoredLanes;

/**
 * Over {@link Bf16Panels} and {@link F16Panels}: an int of two columns becomes two floats. A single row of F16 is
 * multiplied with the format's factor before, several have it in their weights.
 */
final class PairRowLoop extends RowLoop {
    private static final int UPPER = 0xFFFF0000;

    private final boolean half;
    private final VectorRegister mask = zmm(31);
    private final VectorRegister factor = zmm(30);
    private final VectorRegister first = zmm(24);
    private final VectorRegister second = zmm(25);

    /** @param half whether numbers are of {@link F16Panels} */
    PairRowLoop(int rows, boolean half) {
        super(1, rows, 1, ColumnPairs.ROW);
        this.half = half;
    }

    @Override
    void constants() {
        code.constant(mask, half ? StoredLanes.SIGN_AND_HALF : UPPER);
        code.constant(factor, F16Panels.FACTOR);
    }

    @Override
    int pieces() {
        return 1;
    }

    @Override
    void begin(int panel) {
        // A turn is one line.
    }

    @Override
    void add(int panel, int piece) {
        code.vmovups(second, weights(panel, 0));
        code.vpslld(first, second, Short.SIZE);
        if (half) {
            code.vpsrad(first, first, F16Panels.EXPONENT_BITS);
            code.vpandd(first, first, mask);
            code.vpsrad(second, second, F16Panels.EXPONENT_BITS);
        }
        code.vpandd(second, second, mask);
        if (half && manyRows()) {
            code.vmulps(first, first, factor);
            code.vmulps(second, second, factor);
        }
        multiplyAdd(panel, 0, 0, first);
        multiplyAdd(panel, 1, 0, second);
    }
}
