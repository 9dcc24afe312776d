package dev.troupe.model.kernel;

import dev.troupe.model.kernel.vector.Bf16Lanes;

/** Products in bf16 for processors without instructions for them: operands rounded, then the float32 product. */
public final class VectorBf16KernelProvider extends RoundingKernelProvider {
    public VectorBf16KernelProvider() {
        super(new VectorKernelProvider(), Precision.BF16, Bf16Lanes::roundRow);
    }
}
