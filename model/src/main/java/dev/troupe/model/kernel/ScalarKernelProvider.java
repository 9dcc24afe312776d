package dev.troupe.model.kernel;

import dev.troupe.model.kernel.activation.ScalarActivation;
import dev.troupe.model.kernel.attention.ScalarAttention;
import dev.troupe.model.kernel.elementwise.ScalarElementwise;
import dev.troupe.model.kernel.embedding.ScalarEmbedding;
import dev.troupe.model.kernel.gemm.ScalarGemm;
import dev.troupe.model.kernel.loss.ScalarCrossEntropy;
import dev.troupe.model.kernel.norm.ScalarNormalization;
import dev.troupe.model.kernel.optimizer.ScalarAdamWUpdate;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.ScalarWeightProduct;
import dev.troupe.model.kernel.rope.ScalarRotaryEmbedding;
import java.util.Optional;

/** The readable reference, in plain loops on one thread. It runs everywhere and is the measure of all the others. */
public final class ScalarKernelProvider implements KernelProvider {
    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Kernels create(ComputePool pool) {
        return new Kernels(
                label(),
                precision(),
                new ScalarGemm(),
                new ScalarWeightProduct(),
                new ScalarNormalization(),
                new ScalarAttention(),
                new ScalarRotaryEmbedding(),
                new ScalarActivation(),
                new ScalarCrossEntropy(),
                new ScalarEmbedding(),
                new ScalarAdamWUpdate(),
                new ScalarElementwise());
    }
}
