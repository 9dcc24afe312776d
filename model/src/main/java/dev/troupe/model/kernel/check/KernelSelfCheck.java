package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.ArrayList;
import java.util.List;

/**
 * The check that a node makes before it computes for anybody: small sizes of every operation, in well under a second.
 */
public final class KernelSelfCheck {
    private static final long SEED = 20261125;

    private KernelSelfCheck() {}

    /** The outputs of {@code kernels} that differ from the scalar reference; empty when all is well. */
    public static List<KernelDifference> run(Kernels kernels) {
        List<KernelDifference> differences = new ArrayList<>();
        try (FixedComputePool alone = FixedComputePool.create(1)) {
            Kernels reference = new ScalarKernelProvider().create(alone);
            KernelChecks checks = new KernelChecks(kernels, reference, SEED, differences::add);
            checks.gemm(7, 67, 33);
            checks.gemm(1, 16, 300);
            checks.normalization(5, 37);
            checks.attention(new AttentionShape(4, 2, 16), 2, 33);
            checks.attention(new AttentionShape(2, 2, 5), 1, 7);
            checks.cachedAttention(new AttentionShape(4, 2, 16), 18);
            checks.rotary(3, 2, 10);
            checks.activation(3, 21);
            checks.crossEntropy(4, 65);
            checks.embedding(9, 19);
            checks.adamW(35);
            checks.elementwise(5, 23);
        }
        return differences;
    }
}
