package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.ScalarBf16KernelProvider;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.ArrayList;
import java.util.List;

/**
 * The check that a node makes before it computes for anybody: small sizes of every operation, half a second in a
 * process that has just started, a tenth later.
 */
public final class KernelSelfCheck {
    private static final long SEED = 20261125;

    private KernelSelfCheck() {}

    /**
     * Compares with the scalar reference.
     *
     * @param pool that the kernels were made for
     */
    public static SelfCheck run(Kernels kernels, ComputePool pool) {
        long start = System.nanoTime();
        List<KernelDifference> differences = new ArrayList<>();
        try (FixedComputePool alone = FixedComputePool.create(1)) {
            Kernels reference = reference(kernels.precision()).create(alone);
            Comparison comparison = new Comparison(kernels, reference, SEED, differences::add);
            KernelContracts.ALL.forEach(contract -> contract.brief(comparison));
            double seconds = (System.nanoTime() - start) / 1e9;
            return new SelfCheck(kernels.name(), pool.threads(), comparison.count(), seconds, differences);
        }
    }

    /** The scalar provider whose products round their operands like this. */
    public static KernelProvider reference(Precision precision) {
        return switch (precision) {
            case FP32 -> new ScalarKernelProvider();
            case BF16 -> new ScalarBf16KernelProvider();
        };
    }
}
