package dev.troupe.model.kernel;

import dev.troupe.model.kernel.gemm.RoundedGemm;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.TensorLinear;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Bf16Lanes;
import java.util.Optional;

/** Products in bf16 for processors without instructions for them: operands rounded, then the float32 product. */
public final class VectorBf16KernelProvider implements KernelProvider {
    private final VectorKernelProvider others = new VectorKernelProvider();

    @Override
    public String name() {
        return others.name();
    }

    @Override
    public int rank() {
        return others.rank();
    }

    @Override
    public Precision precision() {
        return Precision.BF16;
    }

    @Override
    public Optional<String> unavailable() {
        return others.unavailable();
    }

    @Override
    public Kernels create(ComputePool pool) {
        Kernels kernels = others.create(pool);
        RoundedGemm gemm = new RoundedGemm(pool, kernels.gemm(), Bf16Lanes::roundRow);
        LinearProducts linear = new TensorLinear(gemm, kernels.activation(), kernels.elementwise(), gemm::round);
        return kernels.withProducts(label(), precision(), gemm, linear);
    }
}
