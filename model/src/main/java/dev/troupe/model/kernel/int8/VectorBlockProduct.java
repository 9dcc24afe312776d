package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.cache.Processor;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The product with the Vector API, for weights of four and of eight bits in different ways. */
public final class VectorBlockProduct implements BlockProduct {
    private final BlockProduct fourBits;
    private final BlockProduct eightBits;

    /** Products that share their work over {@code pool}. */
    public VectorBlockProduct(ComputePool pool, ScratchPool scratch) {
        this(pool, scratch, CacheSizes.machine(), Processor.machine().placesInTurns());
    }

    /**
     * Products for a processor with these caches.
     *
     * @param inTurns panels of four bits that a single row goes through at once, run by run
     */
    VectorBlockProduct(ComputePool pool, ScratchPool scratch, CacheSizes caches, int inTurns) {
        this.fourBits = new VectorFourBitProduct(pool, scratch, caches, inTurns);
        this.eightBits = new VectorEightBitProduct(pool, scratch, caches);
    }

    @Override
    public void multiply(
            int m, Tensor a, int lda, BlockWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        (BlockWeight.hasFourBits(w.type()) ? fourBits : eightBits).multiply(m, a, lda, w, bias, c, ldc, accumulate);
    }
}
