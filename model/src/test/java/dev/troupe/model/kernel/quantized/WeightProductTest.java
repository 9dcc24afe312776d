package dev.troupe.model.kernel.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.VectorKernelProvider;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A product's bits: those of the reference, whatever the rows, the threads and the compiler, and those of Gemm. */
class WeightProductTest {
    private static final int MOST_ROWS = 70;
    private static final int WARM_UP = 100;
    private static final int[][] SHAPES = {{100, 512}, {33, 256}, {15, 1536}, {40, 768}, {5, 1280}};

    private final FixedComputePool one = FixedComputePool.create(1);
    private final FixedComputePool three = FixedComputePool.create(3);
    private final TensorArena arena = TensorArena.open("test");
    private final Kernels reference = new ScalarKernelProvider().create(one);
    private final Kernels alone = new VectorKernelProvider().create(one);
    private final Kernels shared = new VectorKernelProvider().create(three);

    @AfterEach
    void close() {
        arena.close();
        one.close();
        three.close();
    }

    private Tensor normal(long seed, int... shape) {
        return TestTensors.normal(arena, seed, shape);
    }

    private MemorySegment stored(StorageType type, int n, int k) {
        MemorySegment rows = arena.allocateBytes(n * type.bytes(k));
        Quantization.write(type, (long) n * k, normal(2, n, k).segment(), rows);
        return rows;
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void bitsDependOnTheRowOnly(StorageType type) {
        for (int[] shape : SHAPES) {
            int n = shape[0];
            int k = shape[1];
            MemorySegment rows = stored(type, n, k);
            Tensor a = normal(1, MOST_ROWS, k);
            Tensor bias = normal(3, n);
            float[] expected = product(reference, type, rows, MOST_ROWS, a, bias, n, k);
            PackedWeight packed = alone.weightProduct().pack(WeightRows.of(type, n, k, rows), arena);
            Tensor c = arena.allocate(MOST_ROWS, n);
            for (int i = 0; i < WARM_UP; i++) {
                Kernels kernels = i % 2 == 0 ? alone : shared;
                int m = i < 10 ? i : 1 + i % MOST_ROWS;
                int skipped = i % 3 == 0 && m < MOST_ROWS ? 1 : 0;
                Tensor from = a.view((long) skipped * k, m, k);
                kernels.weightProduct().multiply(m, from, k, packed, bias, c, n, false);
                assertThat(Arrays.copyOf(c.toArray(), m * n))
                        .as("%d rows from %d, n %d, k %d, call %d", m, skipped, n, k, i)
                        .isEqualTo(Arrays.copyOfRange(expected, skipped * n, (skipped + m) * n));
            }
        }
    }

    private float[] product(
            Kernels kernels,
            StorageType type,
            MemorySegment rows,
            int m,
            Tensor a,
            @Nullable Tensor bias,
            int n,
            int k) {
        PackedWeight packed = kernels.weightProduct().pack(WeightRows.of(type, n, k, rows), arena);
        Tensor c = arena.allocate(m, n);
        kernels.weightProduct().multiply(m, a, k, packed, bias, c, n, false);
        return c.toArray();
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void bitsAreThoseOfTheProductWithWhatIsStored(StorageType type) {
        for (int[] shape : SHAPES) {
            int n = shape[0];
            int k = shape[1];
            MemorySegment rows = stored(type, n, k);
            Tensor plain = arena.allocate(n, k);
            Dequantization.read(type, plain.size(), rows, plain.segment());
            PackedMatrix matrix = shared.gemm().pack(Transpose.YES, k, n, plain, k, arena);
            PackedWeight weight = shared.weightProduct().pack(WeightRows.of(type, n, k, rows), arena);
            for (int m : new int[] {1, 2, 7, 40}) {
                Tensor a = normal(4, m, k);
                Tensor expected = normal(5, m, n);
                Tensor c = normal(5, m, n);
                shared.gemm().multiplyPacked(m, a, k, matrix, null, expected, n, true);
                shared.weightProduct().multiply(m, a, k, weight, null, c, n, true);
                assertThat(c.toArray()).as("m %d, n %d, k %d", m, n, k).isEqualTo(expected.toArray());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {127, 65_504}) // the first fits the layout of float16, the second does not
    void float16OfAnySizeKeepsItsBits(int greatest) {
        int n = 165; // panels for several at once, and some left
        int k = 97;
        Random random = new Random(greatest);
        int most = Float.floatToFloat16(greatest);
        MemorySegment rows = arena.allocateBytes(2L * n * k);
        for (long i = 0; i < (long) n * k; i++) { // all exponents alike, those of subnormal numbers and zero among them
            int sign = random.nextBoolean() ? 0x8000 : 0;
            rows.set(ValueLayout.JAVA_SHORT, 2 * i, (short) (sign | random.nextInt(most + 1)));
        }
        PackedWeight packed = alone.weightProduct().pack(WeightRows.of(StorageType.F16, n, k, rows), arena);
        assertThat(packed.type()).isEqualTo(greatest < 128 ? StorageType.F16 : StorageType.F32);
        Tensor c = arena.allocate(n);
        for (float scale : new float[] {1, 1e-42f, 1e20f, 1e38f, Float.POSITIVE_INFINITY}) {
            Tensor a = normal(1, 1, k);
            a.set(5, a.get(5) * scale);
            float[] expected = product(reference, StorageType.F16, rows, 1, a, null, n, k);
            for (Kernels kernels : new Kernels[] {alone, shared}) {
                kernels.weightProduct().multiply(1, a, k, packed, null, c, n, false);
                assertThat(c.toArray()).as("a number times %s", scale).isEqualTo(expected);
            }
        }
    }

    @Test
    void wrongSizesThrow() {
        for (Kernels kernels : new Kernels[] {reference, alone}) {
            WeightProduct products = kernels.weightProduct();
            MemorySegment rows = stored(StorageType.Q8_0, 4, 64);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> products.pack(WeightRows.of(StorageType.Q8_0, 4, 65, rows), arena))
                    .withMessageContaining("65 elements");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> products.pack(WeightRows.of(StorageType.Q8_0, 5, 64, rows), arena))
                    .withMessageContaining("were given");
            PackedWeight weight = products.pack(WeightRows.of(StorageType.Q8_0, 4, 64, rows), arena);
            Tensor a = arena.allocate(2, 64);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> products.multiply(3, a, 64, weight, null, arena.allocate(3, 4), 4, false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> products.multiply(2, a, 64, weight, null, arena.allocate(2, 3), 4, false));
        }
    }
}
