package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.machine.VectorRegister.zmm;

import dev.troupe.model.kernel.machine.VectorRegister;
import dev.troupe.model.kernel.vector.StoredLanes;

/** Over {@link Bf16Panels} and {@link F16Panels}: an int of two columns becomes two floats. */
final class PairRowLoop extends RowLoop {
    private static final int UPPER = 0xFFFF0000;

    private final boolean half;
    private final VectorRegister mask = zmm(31);
    private final VectorRegister pairs = zmm(16);
    private final VectorRegister work = zmm(17);

    /** @param half whether numbers are of {@link F16Panels} */
    PairRowLoop(int panels, boolean half) {
        super(panels);
        this.half = half;
    }

    @Override
    int inputs() {
        return 1;
    }

    @Override
    int bytes() {
        return (int) ColumnPairs.ROW;
    }

    @Override
    void constants() {
        constant(mask, half ? StoredLanes.SIGN_AND_HALF : UPPER);
    }

    @Override
    void turn(int panel) {
        code.vmovups(pairs, weights(panel, 0));
        code.vpslld(work, pairs, Short.SIZE);
        if (half) {
            code.vpsrad(work, work, F16Panels.EXPONENT_BITS);
            code.vpandd(work, work, mask);
            code.vpsrad(pairs, pairs, F16Panels.EXPONENT_BITS);
        }
        code.vpandd(pairs, pairs, mask);
        code.vfmadd231ps(sum(panel, 0), work, input(0));
        code.vfmadd231ps(sum(panel, 1), pairs, input(0));
    }
}
