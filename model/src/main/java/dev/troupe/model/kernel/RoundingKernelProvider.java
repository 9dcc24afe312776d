package dev.troupe.model.kernel;

import dev.troupe.model.kernel.gemm.RoundedGemm;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.TensorLinear;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.Optional;

/** Another provider's float32 kernels, whose products have their operands rounded to fewer bits first. */
abstract class RoundingKernelProvider implements KernelProvider {
    private final KernelProvider others;
    private final Precision precision;
    private final RoundedGemm.Rounding rounding;

    /** @param rounding of a row, between addresses */
    RoundingKernelProvider(KernelProvider others, Precision precision, RoundedGemm.Rounding rounding) {
        this.others = others;
        this.precision = precision;
        this.rounding = rounding;
    }

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
        return precision;
    }

    @Override
    public Optional<String> unavailable() {
        return others.unavailable();
    }

    @Override
    public Kernels create(ComputePool pool) {
        Kernels kernels = others.create(pool);
        RoundedGemm gemm = new RoundedGemm(pool, kernels.gemm(), rounding);
        LinearProducts linear = new TensorLinear(gemm, kernels.activation(), kernels.elementwise(), gemm::round);
        return kernels.withProducts(label(), precision, gemm, linear);
    }
}
