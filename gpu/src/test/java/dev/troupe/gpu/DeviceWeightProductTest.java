package dev.troupe.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.Dequantization;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products with stored weights have the bits of float32 products with what the weights stand for, on the device. */
@Tag("device")
class DeviceWeightProductTest {
    private static final long SEED = 11;
    private static final int[][] SHAPES = {{100, 512}, {33, 256}, {15, 1536}};
    private static final int[] ROWS = {1, 2, 7, 8, 9, 40};

    @BeforeAll
    static void deviceIsThere() {
        TestedProviders.assumed("tornado");
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void bitsAreThoseOfTheProductWithWhatIsStored(StorageType type) {
        try (FixedComputePool pool = FixedComputePool.create(1);
                TensorArena arena = TensorArena.open("test")) {
            Kernels kernels = TestedProviders.assumed("tornado").create(pool);
            for (int[] shape : SHAPES) {
                int n = shape[0];
                int k = shape[1];
                MemorySegment rows = arena.allocateBytes(n * type.bytes(k));
                Quantization.write(type, (long) n * k, normal(arena, n, k).segment(), rows);
                Tensor plain = arena.allocate(n, k);
                Dequantization.read(type, plain.size(), rows, plain.segment());
                PackedMatrix matrix = kernels.gemm().pack(Transpose.YES, k, n, plain, k, arena);
                PackedWeight weight = kernels.weightProduct().pack(WeightRows.of(type, n, k, rows), arena);
                for (int m : ROWS) {
                    Tensor a = normal(arena, m, k);
                    Tensor bias = normal(arena, n);
                    Tensor expected = normal(arena, m, n);
                    Tensor c = arena.allocate(m, n);
                    c.copyFrom(expected);
                    kernels.gemm().multiplyPacked(m, a, k, matrix, bias, expected, n, true);
                    kernels.weightProduct().multiply(m, a, k, weight, bias, c, n, true);
                    assertThat(c.toArray())
                            .as("m %d, n %d, k %d, seed %d", m, n, k, SEED)
                            .isEqualTo(expected.toArray());
                }
            }
        }
    }

    private static Tensor normal(TensorArena arena, int... shape) {
        SplittableRandom random = new SplittableRandom(SEED);
        Tensor tensor = arena.allocate(shape);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }
}
