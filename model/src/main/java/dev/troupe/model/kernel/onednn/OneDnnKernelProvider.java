package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.VectorKernelProvider;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import java.util.Optional;

/** Matrix products in bf16 by oneDNN; everything else as the Vector API's kernels do it. */
public final class OneDnnKernelProvider implements KernelProvider {
    private final VectorKernelProvider others = new VectorKernelProvider();

    /** What the process finds out once, when it is first asked for. */
    private static final class Found {
        private static final TileSizes SIZES = TileSizes.tried();
    }

    static TileSizes sizes() {
        return Found.SIZES;
    }

    @Override
    public String name() {
        return "onednn";
    }

    @Override
    public int rank() {
        return 15;
    }

    @Override
    public Precision precision() {
        return Precision.BF16;
    }

    @Override
    public Optional<String> unavailable() {
        return OneDnnLibrary.unsuitable("avx512_bf16", "amx_bf16")
                .or(others::unavailable)
                .or(Dnnl::problem);
    }

    @Override
    public Kernels create(ComputePool pool) {
        OneDnnGemm gemm = new OneDnnGemm(pool, new ScratchPool(), Found.SIZES);
        return others.create(pool).withProducts(label(), precision(), gemm, gemm.linear());
    }
}
