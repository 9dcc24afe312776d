package dev.troupe.model.kernel.rope;

import dev.troupe.model.kernel.KernelArguments;
import dev.troupe.model.tensor.Tensor;

/** The checks that every provider makes. */
public final class RotaryArguments {
    private RotaryArguments() {}

    public static void check(int rows, int numHeads, int headDim, Tensor x, int stride, int[] positions, Tensor table) {
        if (headDim <= 0 || headDim % 2 != 0) {
            throw new IllegalArgumentException("headDim must be even and positive: " + headDim);
        }
        KernelArguments.requireMatrix("x", x, rows, Math.multiplyExact(numHeads, headDim), stride);
        KernelArguments.requireSize("table", table, 0);
        KernelArguments.requireIndices("positions", positions, rows, 0, table.size() / headDim);
    }
}
