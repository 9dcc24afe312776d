package dev.troupe.model.kernel.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What products work on at once fits the caches, and does not show in their bits. */
class GemmBlockingTest {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;
    private static final long SEED = 11;

    @ParameterizedTest
    @CsvSource({
        "Zen 4, 1024, 32768, 8, 1024, 12288",
        "Sapphire Rapids, 2048, 491520, 16, 1024, 12288",
        "Ice Lake, 1280, 55296, 10, 1024, 12288",
        "Neoverse N1, 1024, 32768, 8, 1024, 12288",
        "Zen 2, 512, 16384, 4, 1024, 6144",
        "old Intel, 256, 8192, 4, 512, 3072",
        "Cortex A72, 256, 1024, 4, 512, 384",
        "nearly none, 48, 48, 2, 512, 192",
    })
    void typicalProcessors(String processor, long middle, long outer, int strips, int depth, long packed) {
        GemmBlocking blocking = GemmBlocking.of(new CacheSizes(32 * KIB, middle * KIB, outer * KIB));
        assertThat(blocking).as(processor).isEqualTo(new GemmBlocking(strips, depth, packed * KIB));
    }

    /** Many rows and few, sums of several chains, of several depths and of several spans. */
    @ParameterizedTest
    @CsvSource({"400, 300, 1500", "150, 70, 4500", "30, 200, 2000", "500, 129, 513"})
    void bitsDoNotDependOnTheCaches(int m, int n, int k) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(3)) {
            Tensor a = TestTensors.normal(arena, SEED, m, k);
            Tensor b = TestTensors.normal(arena, SEED + 1, n, k);
            Tensor bias = TestTensors.normal(arena, SEED + 2, n);
            float[] expected = null;
            for (CacheSizes caches : new CacheSizes[] {
                CacheSizes.DEFAULT,
                new CacheSizes(8 * KIB, 48 * KIB, 48 * KIB),
                new CacheSizes(32 * KIB, 256 * KIB, 2 * MIB),
                CacheSizes.machine()
            }) {
                VectorGemm gemm = new VectorGemm(pool, new ScratchPool(), caches);
                Tensor c = TestTensors.normal(arena, SEED + 3, m, n);
                gemm.multiplyAdd(Transpose.NO, Transpose.YES, m, n, k, a, k, b, k, c, n, c, bias);
                PackedMatrix packed = gemm.pack(Transpose.YES, k, n, b, k, arena);
                gemm.multiplyPacked(m, a, k, packed, null, c, n, true);
                expected = expected == null ? c.toArray() : expected;
                assertThat(c.toArray()).as("%s", caches).isEqualTo(expected);
            }
        }
    }

    @Test
    void thisMachinesBlocksFitItsCaches() {
        CacheSizes caches = CacheSizes.machine();
        GemmBlocking blocking = GemmBlocking.of(caches);
        long block = (long) blocking.strips() * blocking.depth() * GemmTile.ROW_A;
        assertThat(block).isLessThanOrEqualTo(Math.max(caches.middle() / 2, 2 * GemmTile.DEPTH * GemmTile.ROW_A));
        assertThat(blocking.depth() % GemmTile.DEPTH).isZero();
    }
}
