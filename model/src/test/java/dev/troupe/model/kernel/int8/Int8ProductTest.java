package dev.troupe.model.kernel.int8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.onednn.OneDnnInt8Product;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.Dequantization;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every provider that runs here gives the reference's bits, and these are near the product of the real numbers. */
class Int8ProductTest {
    private static final long SEED = 5;
    private static final int WARM_UP = 60;

    /** Rows are then rounded a few at a time. */
    private static final CacheSizes SMALL_CACHES = new CacheSizes(8 << 10, 48 << 10, 48 << 10);

    private final FixedComputePool one = FixedComputePool.create(1);
    private final FixedComputePool three = FixedComputePool.create(3);
    private final TensorArena arena = TensorArena.open("test");
    private final Int8Product reference = new ScalarInt8Product();
    private final List<Int8Product> others = new ArrayList<>();

    Int8ProductTest() {
        for (FixedComputePool pool : List.of(one, three)) {
            others.add(new VectorInt8Product(pool, new ScratchPool()));
            others.add(new VectorInt8Product(pool, new ScratchPool(), SMALL_CACHES));
            if (DotInt8Product.unavailable().isEmpty()) {
                others.add(new DotInt8Product(pool, new ScratchPool()));
                others.add(new DotInt8Product(pool, new ScratchPool(), SMALL_CACHES));
            }
            if (OneDnnInt8Product.unavailable().isEmpty()) {
                others.add(new OneDnnInt8Product(pool, new ScratchPool()));
                others.add(OneDnnInt8Product.alone(pool, new ScratchPool()));
            }
        }
    }

    /** So that a run of all tests says where they are not. */
    @Test
    void productsByDotInstructionsAreAmongThem() {
        DotInt8Product.unavailable().ifPresent(reason -> assumeTrue(false, reason));
        assertThat(others).hasAtLeastOneElementOfType(DotInt8Product.class);
    }

    @AfterEach
    void close() throws Exception {
        for (Int8Product product : others) {
            if (product instanceof AutoCloseable closeable) {
                closeable.close();
            }
        }
        arena.close();
        one.close();
        three.close();
    }

    private Tensor normal(long seed, int... shape) {
        return TestTensors.normal(arena, SEED + seed, shape);
    }

    private Int8Weight weight(Tensor rows) {
        return Int8Weight.pack(WeightRows.of(StorageType.F32, rows.dim(0), rows.dim(1), rows.segment()), three, arena);
    }

    private static String name(Int8Product product) {
        return product.getClass().getSimpleName();
    }

    /** Panels are the more or the fewer at a time, with some left over. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4})
    void oneRowInPanelsInTurns(int inTurns) {
        int n = 7 * Int8Weight.COLUMNS - 5;
        int k = 140;
        Tensor a = normal(1, 1, k);
        Tensor bias = normal(2, n);
        Int8Weight w = weight(normal(3, n, k));
        Tensor expected = normal(4, 1, n);
        Tensor c = normal(4, 1, n);
        reference.multiply(1, a, k, w, bias, expected, n, true);
        new Int8RowProduct(three, new ScratchPool(), inTurns).multiply(a, w, bias, c, true);
        assertThat(c.toArray()).isEqualTo(expected.toArray());
    }

    /** Before the compiler is done with it and after. */
    @Test
    void rowsHaveTheSameBitsInAnyCompany() {
        int most = 150;
        int n = 131;
        int k = 768;
        Tensor a = normal(1, most, k);
        Int8Weight w = weight(normal(2, n, k));
        Tensor all = arena.allocate(most, n);
        reference.multiply(most, a, k, w, null, all, n, false);
        Tensor c = arena.allocate(most, n);
        for (int i = 0; i < WARM_UP; i++) {
            int m = 1 + i * 37 % most;
            int skipped = most - m;
            float[] expected = Arrays.copyOfRange(all.toArray(), skipped * n, most * n);
            for (Int8Product product : others) {
                product.multiply(m, a.view((long) skipped * k, m, k), k, w, null, c, n, false);
                assertThat(Arrays.copyOf(c.toArray(), m * n))
                        .as("%s, %d rows, call %d", name(product), m, i)
                        .isEqualTo(expected);
            }
        }
    }

    /** Rounding to 255 steps of a row loses about one part in a hundred of a product of normal numbers. */
    @ParameterizedTest
    @ValueSource(ints = {64, 576, 2048})
    void isNearTheProductOfTheNumbers(int k) {
        int m = 20;
        int n = 50;
        Tensor a = normal(1, m, k);
        Tensor rows = normal(2, n, k);
        Tensor c = arena.allocate(m, n);
        reference.multiply(m, a, k, weight(rows), null, c, n, false);
        assertThat(TestTensors.relativeError(a, rows, c)).isPositive().isLessThan(0.02);
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void weightsOfAnyTypeAreWhatTheyStandFor(StorageType type) {
        int n = 70;
        int k = 512;
        MemorySegment stored = arena.allocateBytes(n * type.bytes(k));
        Quantization.write(type, (long) n * k, normal(2, n, k).segment(), stored);
        Tensor plain = arena.allocate(n, k);
        Dequantization.read(type, plain.size(), stored, plain.segment());
        Int8Weight expected = weight(plain);
        Int8Weight actual = Int8Weight.pack(WeightRows.of(type, n, k, stored), one, arena);
        assertThat(actual.numbers().mismatch(expected.numbers())).isEqualTo(-1);
        assertThat(actual.scales().mismatch(expected.scales())).isEqualTo(-1);
        assertThat(actual.shifts().mismatch(expected.shifts())).isEqualTo(-1);
    }

    /** Ties, zeros, the greatest numbers, the smallest, and what is no number. */
    @Test
    void extremesAreThoseOfTheReference() {
        int k = 70;
        Tensor a = normal(1, 9, k);
        for (int p = 0; p < k; p++) {
            a.set(p, p == 3 ? 127 : p % 2 == 0 ? p / 2f : -p / 2f);
            a.set(k + p, 0);
            a.set(2L * k + p, p % 2 == 0 ? Float.MAX_VALUE : -Float.MAX_VALUE);
            a.set(3L * k + p, Float.MIN_VALUE * p);
            a.set(4L * k + p, 1e-30f * p);
        }
        a.set(5L * k + 1, Float.NaN);
        a.set(6L * k + k - 1, Float.POSITIVE_INFINITY);
        Tensor rows = normal(2, 66, k);
        for (int p = 0; p < k; p++) {
            rows.set(7L * k + p, 0);
            rows.set(8L * k + p, p % 2 == 0 ? 1 : -1);
            rows.set(9L * k + p, p % 2 == 0 ? -1 : 1);
        }
        Int8Weight w = weight(rows);
        Tensor expected = arena.allocate(9, 66);
        reference.multiply(9, a, k, w, null, expected, 66, false);
        for (Int8Product product : others) {
            Tensor c = arena.allocate(9, 66);
            product.multiply(9, a, k, w, null, c, 66, false);
            assertThat(c.toArray()).as(name(product)).isEqualTo(expected.toArray());
        }
        for (int j = 0; j < 66; j++) {
            assertThat(expected.get(66L + j)).isZero();
            assertThat(expected.get(5L * 66 + j)).isNaN();
            assertThat(expected.get(6L * 66 + j)).isNaN();
            assertThat(expected.get(7L * 66 + j)).as("the row after").isFinite();
        }
    }

    /** All numbers the greatest: the sum needs all of its bits. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theLongestSumStaysWithinItsBits(boolean same) {
        int k = Int8Weight.MOST_K;
        Tensor a = arena.allocate(2, k);
        Tensor rows = arena.allocate(2, k);
        for (long i = 0; i < 2L * k; i++) {
            a.set(i, 1);
            rows.set(i, same ? 1 : -1);
        }
        Int8Weight w = weight(rows);
        float expected = 127f * 127 * k * (same ? 1 : -1) * (1f / 127) * (1f / 127);
        for (Int8Product product : others) {
            for (int m = 1; m <= 2; m++) {
                Tensor c = arena.allocate(m, 2);
                product.multiply(m, a, k, w, null, c, 2, false);
                for (int i = 0; i < 2 * m; i++) {
                    assertThat(c.get(i) / expected)
                            .as("%s, %d rows", name(product), m)
                            .isBetween(0.999999f, 1.000001f);
                }
            }
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> weight(arena.allocate(1, k + 1)))
                .withMessageContaining("32 bits");
    }

    /** Of each four numbers every choice of signs, all the greatest: sums of two use all of their 16 bits. */
    @Test
    void oneRowOfTheGreatestNumbersOfAnySigns() {
        int k = 4 * 16;
        int n = 16;
        Tensor a = arena.allocate(1, k);
        Tensor rows = arena.allocate(n, k);
        for (int i = 0; i < k; i++) {
            a.set(i, sign(i / 4, i % 4));
            for (int j = 0; j < n; j++) {
                rows.set((long) j * k + i, sign(j, i % 4));
            }
        }
        Int8Weight w = weight(rows);
        Tensor expected = arena.allocate(1, n);
        reference.multiply(1, a, k, w, null, expected, n, false);
        for (int inTurns : new int[] {1, 4}) {
            Tensor c = arena.allocate(1, n);
            new Int8RowProduct(three, new ScratchPool(), inTurns).multiply(a, w, null, c, false);
            assertThat(c.toArray()).isEqualTo(expected.toArray());
        }
    }

    private static float sign(int bits, int bit) {
        return (bits >> bit & 1) == 0 ? 1 : -1;
    }

    @Test
    void wrongSizesThrow() {
        Int8Weight w = weight(normal(2, 4, 64));
        Tensor a = arena.allocate(2, 64);
        others.add(reference);
        for (Int8Product product : others) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.multiply(3, a, 64, w, null, arena.allocate(3, 4), 4, false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.multiply(2, a, 64, w, null, arena.allocate(2, 3), 4, false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.multiply(2, a, 64, w, arena.allocate(3), arena.allocate(2, 4), 4, false));
        }
        Int8Weight gone;
        try (TensorArena closed = TensorArena.open("closed")) {
            gone = Int8Weight.pack(
                    WeightRows.of(StorageType.F32, 4, 64, normal(2, 4, 64).segment()), one, closed);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> reference.multiply(2, a, 64, gone, null, arena.allocate(2, 4), 4, false));
    }
}
