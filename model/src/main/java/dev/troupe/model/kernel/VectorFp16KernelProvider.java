package dev.troupe.model.kernel;

import dev.troupe.model.kernel.vector.Fp16Lanes;

/** Products in fp16: operands rounded, then the float32 product, as processors' own instructions sum in float32. */
public final class VectorFp16KernelProvider extends RoundingKernelProvider {
    public VectorFp16KernelProvider() {
        super(new VectorKernelProvider(), Precision.FP16, Fp16Lanes::roundRow);
    }
}
