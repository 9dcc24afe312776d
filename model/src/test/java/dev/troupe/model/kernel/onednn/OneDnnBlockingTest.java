package dev.troupe.model.kernel.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.int8.Int8Weight;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Operands that are laid out in several goes give the bits of those that are laid out in one. */
class OneDnnBlockingTest {
    private static final long SEED = 13;
    private static final int M = 300;
    private static final int N = 500;
    private static final int K = 700;

    /** An eighth is 64 KiB. */
    private static final CacheSizes SMALL = new CacheSizes(8 << 10, 48 << 10, 48 << 10);

    private final TensorArena arena = TensorArena.open("test");
    private final FixedComputePool pool = FixedComputePool.create(3);
    private final Tensor a = TestTensors.normal(arena, SEED, M, K);
    private final Tensor b = TestTensors.normal(arena, SEED + 1, N, K);

    @AfterEach
    void close() {
        arena.close();
        pool.close();
    }

    @Test
    void bf16() {
        assumeTrue(new OneDnnKernelProvider().unavailable().isEmpty());
        TileSizes sizes = OneDnnKernelProvider.sizes();
        try (OneDnnGemm large = new OneDnnGemm(pool, new ScratchPool(), sizes, CacheSizes.DEFAULT);
                OneDnnGemm small = new OneDnnGemm(pool, new ScratchPool(), sizes, SMALL)) {
            assertThat(product(small)).isEqualTo(product(large));
        }
    }

    private float[] product(OneDnnGemm gemm) {
        Tensor c = arena.allocate(M, N);
        gemm.multiply(Transpose.NO, Transpose.YES, M, N, K, a, K, b, K, c, N, false);
        return c.toArray();
    }

    @Test
    void int8() {
        assumeTrue(OneDnnInt8Product.unavailable().isEmpty());
        Int8Weight weight = Int8Weight.pack(WeightRows.of(StorageType.F32, N, K, b.segment()), pool, arena);
        try (OneDnnInt8Product large = new OneDnnInt8Product(pool, new ScratchPool(), CacheSizes.DEFAULT);
                OneDnnInt8Product small = new OneDnnInt8Product(pool, new ScratchPool(), SMALL)) {
            assertThat(product(small, weight)).isEqualTo(product(large, weight));
        }
    }

    private float[] product(OneDnnInt8Product product, Int8Weight weight) {
        Tensor c = arena.allocate(M, N);
        product.multiply(M, a, K, weight, null, c, N, false);
        return c.toArray();
    }
}
