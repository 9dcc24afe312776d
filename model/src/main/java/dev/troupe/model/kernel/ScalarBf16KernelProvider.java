package dev.troupe.model.kernel;

import dev.troupe.model.kernel.vector.Bf16Lanes;
import dev.troupe.model.kernel.vector.Lanes;

/** The readable reference of products in bf16: operands rounded one by one, then the scalar product. */
public final class ScalarBf16KernelProvider extends RoundingKernelProvider {
    public ScalarBf16KernelProvider() {
        super(new ScalarKernelProvider(), Precision.BF16, ScalarBf16KernelProvider::round);
    }

    private static void round(int count, long from, long to) {
        for (int i = 0; i < count; i++) {
            Lanes.set(to + i * 4L, Bf16Lanes.round(Lanes.get(from + i * 4L)));
        }
    }
}
