package dev.troupe.model.kernel;

import dev.troupe.model.kernel.gemm.RoundedGemm;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.TensorLinear;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Bf16Lanes;
import dev.troupe.model.kernel.vector.Lanes;
import java.util.Optional;

/** The readable reference of products in bf16: operands rounded one by one, then the scalar product. */
public final class ScalarBf16KernelProvider implements KernelProvider {
    private final ScalarKernelProvider others = new ScalarKernelProvider();

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
        RoundedGemm gemm = new RoundedGemm(pool, kernels.gemm(), ScalarBf16KernelProvider::round);
        LinearProducts linear = new TensorLinear(gemm, kernels.activation(), kernels.elementwise(), gemm::round);
        return kernels.withProducts(label(), precision(), gemm, linear);
    }

    private static void round(int count, long from, long to) {
        for (int i = 0; i < count; i++) {
            Lanes.set(to + i * 4L, Bf16Lanes.round(Lanes.get(from + i * 4L)));
        }
    }
}
