package dev.troupe.model.kernel;

import dev.troupe.model.kernel.vector.Fp16Lanes;
import dev.troupe.model.kernel.vector.Lanes;

/** The readable reference of products in fp16: operands rounded one by one, then the scalar product. */
public final class ScalarFp16KernelProvider extends RoundingKernelProvider {
    public ScalarFp16KernelProvider() {
        super(new ScalarKernelProvider(), Precision.FP16, ScalarFp16KernelProvider::round);
    }

    private static void round(int count, long from, long to) {
        for (int i = 0; i < count; i++) {
            Lanes.set(to + i * 4L, Fp16Lanes.round(Lanes.get(from + i * 4L)));
        }
    }
}
