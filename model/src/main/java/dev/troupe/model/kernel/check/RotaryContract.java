package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;

/** Rotation forward and back, of the first heads of wider rows. */
final class RotaryContract implements OperationContract<Kernels> {
    private static final int POSITIONS = 7;

    @Override
    public String name() {
        return "rotary";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.ROTARY, () -> at(on, 3, 2, 10));
    }

    @Override
    public void full(Comparison<Kernels> on) {
        for (int headDim : new int[] {2, 8, 14, 16, 18, 30, 32, 34, 64, 128}) {
            for (int rows : new int[] {0, 1, 9}) {
                at(on, rows, 3, headDim);
            }
        }
        at(on, 97, 12, 64);
    }

    private static void at(Comparison<Kernels> on, int rows, int numHeads, int headDim) {
        String shape = "rows " + rows + ", heads " + numHeads + ", headDim " + headDim;
        on.compare("rotary", shape, 1, (kernels, in) -> {
            int stride = numHeads * headDim + 3;
            Tensor table = in.normal(POSITIONS, headDim);
            int[] positions = in.indices(rows, 0, POSITIONS);
            for (boolean inverse : new boolean[] {false, true}) {
                Tensor x = in.output(inverse ? "x turned back" : "x", rows, stride);
                kernels.rotary().rotate(rows, numHeads, headDim, x, stride, positions, table, inverse);
            }
        });
    }
}
