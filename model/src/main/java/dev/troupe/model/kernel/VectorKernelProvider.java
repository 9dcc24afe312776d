package dev.troupe.model.kernel;

import dev.troupe.model.kernel.activation.VectorActivation;
import dev.troupe.model.kernel.attention.VectorAttention;
import dev.troupe.model.kernel.elementwise.VectorElementwise;
import dev.troupe.model.kernel.embedding.VectorEmbedding;
import dev.troupe.model.kernel.gemm.VectorGemm;
import dev.troupe.model.kernel.loss.VectorCrossEntropy;
import dev.troupe.model.kernel.norm.VectorNormalization;
import dev.troupe.model.kernel.optimizer.VectorAdamWUpdate;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.VectorWeightProduct;
import dev.troupe.model.kernel.rope.VectorRotaryEmbedding;
import dev.troupe.model.kernel.vector.ScratchPool;
import java.util.Optional;

/** Kernels written with the Vector API, for any processor whose lanes the virtual machine knows. */
public final class VectorKernelProvider implements KernelProvider {
    @Override
    public String name() {
        return "vector";
    }

    @Override
    public int rank() {
        return 10;
    }

    @Override
    public Optional<String> unavailable() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
                ? Optional.empty()
                : Optional.of("start Java with --add-modules jdk.incubator.vector");
    }

    @Override
    public Kernels create(ComputePool pool) {
        ScratchPool scratch = new ScratchPool();
        return new Kernels(
                label(),
                precision(),
                new VectorGemm(pool, scratch),
                new VectorWeightProduct(pool, scratch),
                new VectorNormalization(pool),
                new VectorAttention(pool, scratch),
                new VectorRotaryEmbedding(pool),
                new VectorActivation(pool),
                new VectorCrossEntropy(pool),
                new VectorEmbedding(pool),
                new VectorAdamWUpdate(pool),
                new VectorElementwise(pool, scratch));
    }
}
