package dev.troupe.model.kernel.int8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.BlockLayout;
import dev.troupe.model.kernel.quantized.Dequantization;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.LateLayout;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The products give the reference's bits, and these are near the product of the real numbers. */
class BlockProductTest {
    private static final long SEED = 7;
    private static final int WARM_UP = 60;

    /** Rows are then rounded a few at a time. */
    private static final CacheSizes SMALL_CACHES = new CacheSizes(8 << 10, 48 << 10, 48 << 10);

    private static final List<StorageType> TYPES =
            List.of(StorageType.Q8_0, StorageType.Q6_K, StorageType.Q4_0, StorageType.Q4_K);

    private final FixedComputePool one = FixedComputePool.create(1);
    private final FixedComputePool three = FixedComputePool.create(3);
    private final TensorArena arena = TensorArena.open("test");
    private final BlockProduct reference = new ScalarBlockProduct();
    private final List<BlockProduct> others = others();

    private List<BlockProduct> others() {
        List<BlockProduct> products = new ArrayList<>(List.of(
                new VectorBlockProduct(one, new ScratchPool()),
                new VectorBlockProduct(three, new ScratchPool()),
                new VectorBlockProduct(one, new ScratchPool(), CacheSizes.DEFAULT, 4),
                new VectorBlockProduct(three, new ScratchPool(), SMALL_CACHES, 1),
                new VectorBlockProduct(three, new ScratchPool(), SMALL_CACHES, 4)));
        if (DotBlockProduct.unavailable().isEmpty()) {
            products.add(new DotBlockProduct(one, new ScratchPool()));
            products.add(new DotBlockProduct(three, new ScratchPool(), SMALL_CACHES));
        }
        return products;
    }

    /** So that a run of all tests says where they are not. */
    @Test
    void productsByDotInstructionsAreAmongThem() {
        DotBlockProduct.unavailable().ifPresent(reason -> assumeTrue(false, reason));
        assertThat(others).hasAtLeastOneElementOfType(DotBlockProduct.class);
    }

    @AfterEach
    void close() {
        arena.close();
        one.close();
        three.close();
    }

    private Tensor normal(long seed, int... shape) {
        return TestTensors.normal(arena, SEED + seed, shape);
    }

    private MemorySegment stored(StorageType type, Tensor rows) {
        MemorySegment stored = arena.allocateBytes(rows.dim(0) * type.bytes(rows.dim(1)));
        Quantization.write(type, rows.size(), rows.segment(), stored);
        return stored;
    }

    private BlockWeight weight(StorageType type, Tensor rows) {
        return BlockWeight.pack(WeightRows.of(type, rows.dim(0), rows.dim(1), stored(type, rows)), three, arena);
    }

    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"Q8_0", "Q4_0"})
    void runsOfSmallBlocksNeedNotFillBlocksOf256(StorageType type) {
        Tensor a = normal(1, 11, 96);
        BlockWeight w = weight(type, normal(2, 40, 96));
        Tensor expected = arena.allocate(11, 40);
        reference.multiply(11, a, 96, w, null, expected, 40, false);
        for (BlockProduct product : others) {
            Tensor c = arena.allocate(11, 40);
            product.multiply(11, a, 96, w, null, c, 40, false);
            assertThat(c.toArray()).isEqualTo(expected.toArray());
        }
    }

    /** A layout that is filled later, in this test's hands. */
    private record LateMemory(TensorArena arena, List<LateLayout> late) implements LayoutMemory {
        @Override
        public Optional<MemorySegment> layIfFit(String form, long bytes, Predicate<MemorySegment> writer) {
            throw new AssertionError("filled at once");
        }

        @Override
        public Optional<Consumer<LateLayout>> later() {
            return Optional.of(late::add);
        }
    }

    /** Native rows are read where they lie, others are copied; the last panel has not all of its outputs. */
    @ParameterizedTest
    @CsvSource({"Q8_0,true", "Q8_0,false", "Q4_0,true", "Q4_0,false"})
    void productsHaveTheSameBitsBeforePanelsAreFilledMeanwhileAndAfter(StorageType type, boolean where) {
        DotBlockProduct.unavailable().ifPresent(reason -> assumeTrue(false, reason));
        int n = 7 * BlockWeight.COLUMNS + 5;
        int k = 160;
        int m = 20;
        Tensor a = normal(1, m, k);
        MemorySegment stored = stored(type, normal(2, n, k));
        WeightRows rows = WeightRows.of(
                type, n, k, where ? stored : MemorySegment.ofArray(stored.toArray(ValueLayout.JAVA_BYTE)));
        BlockWeight filled = BlockWeight.pack(rows, three, arena);
        List<LateLayout> late = new ArrayList<>();
        BlockWeight w = BlockWeight.packLater(rows, three, new LateMemory(arena, late));
        LateLayout layout = late.getFirst();
        assertThat(late).hasSize(1);
        assertThat(layout.pieces()).isEqualTo(7);
        assertThat(w.data().mismatch(filled.data())).as("nothing is filled yet").isZero();
        for (int piece = 0; piece <= layout.pieces(); piece++) {
            for (int rowsOfA : List.of(1, 6, m)) {
                Tensor expected = arena.allocate(rowsOfA, n);
                reference.multiply(rowsOfA, a.view(0, rowsOfA, k), k, filled, null, expected, n, false);
                for (BlockProduct product : others) {
                    if (product.takesLate(type)) {
                        Tensor c = arena.allocate(rowsOfA, n);
                        product.multiply(rowsOfA, a.view(0, rowsOfA, k), k, w, null, c, n, false);
                        assertThat(c.toArray())
                                .as("%d rows, %d panels filled", rowsOfA, piece)
                                .isEqualTo(expected.toArray());
                    }
                }
            }
            if (piece < layout.pieces()) {
                layout.fill(piece);
            }
        }
        assertThat(w.data().mismatch(filled.data())).isEqualTo(-1);
    }

    /** So nobody is given a weight to multiply of which they would read what is not there. */
    @Test
    void onlyProductsByDotInstructionsTakePanelsThatAreNotFilled() {
        for (StorageType type : TYPES) {
            assertThat(reference.takesLate(type)).isFalse();
            for (BlockProduct product : others) {
                boolean takes = product instanceof DotBlockProduct && BlockWeight.COLUMNS == 32;
                assertThat(product.takesLate(type))
                        .as("%s %s", product, type)
                        .isEqualTo(takes && (type == StorageType.Q8_0 || type == StorageType.Q4_0));
            }
        }
    }

    @Test
    void aFloat16ThatIsNotFiniteIsFoundBeforePanelsAreFilled() {
        int n = 2 * BlockWeight.COLUMNS;
        MemorySegment stored = stored(StorageType.Q8_0, normal(2, n, 64));
        stored.set(ValueLayout.JAVA_SHORT_UNALIGNED, 66 * 34, Float.floatToFloat16(Float.NaN));
        List<LateLayout> late = new ArrayList<>();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BlockWeight.packLater(
                        WeightRows.of(StorageType.Q8_0, n, 64, stored), three, new LateMemory(arena, late)))
                .withMessageContaining("not finite at byte " + 66 * 34);
        assertThat(late).isEmpty();
    }

    /** Before the compiler is done with it and after; more rows than are rounded at once with small caches. */
    @Test
    void rowsHaveTheSameBitsInAnyCompany() {
        int most = 150;
        int n = 131;
        int k = 768;
        Tensor a = normal(1, most, k);
        for (StorageType type : TYPES) {
            BlockWeight w = weight(type, normal(2, n, k));
            Tensor all = arena.allocate(most, n);
            reference.multiply(most, a, k, w, null, all, n, false);
            Tensor c = arena.allocate(most, n);
            for (int i = 0; i < WARM_UP; i++) {
                int m = 1 + i * 37 % most;
                int skipped = most - m;
                float[] expected = Arrays.copyOfRange(all.toArray(), skipped * n, most * n);
                for (BlockProduct product : others) {
                    product.multiply(m, a.view((long) skipped * k, m, k), k, w, null, c, n, false);
                    assertThat(Arrays.copyOf(c.toArray(), m * n))
                            .as("%s, %d rows, call %d", type, m, i)
                            .isEqualTo(expected);
                }
            }
        }
    }

    /** Rounding activations to 255 steps of the greatest of 32 loses less than one part in a hundred. */
    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"Q8_0", "Q6_K", "Q4_0", "Q4_K"})
    void isNearTheProductOfTheNumbers(StorageType type) {
        int m = 20;
        int n = 50;
        int k = 1024;
        Tensor a = normal(1, m, k);
        MemorySegment stored = stored(type, normal(2, n, k));
        Tensor rows = arena.allocate(n, k);
        Dequantization.read(type, rows.size(), stored, rows.segment());
        Tensor c = arena.allocate(m, n);
        BlockWeight w = BlockWeight.pack(WeightRows.of(type, n, k, stored), one, arena);
        reference.multiply(m, a, k, w, null, c, n, false);
        assertThat(TestTensors.relativeError(a, rows, c)).isPositive().isLessThan(0.01);
    }

    /** The greatest sums of both signs, ties, zeros, and what is no number. */
    @Test
    void extremesAreThoseOfTheReference() {
        int k = 256;
        int m = 9;
        Tensor a = normal(1, m, k);
        for (int p = 0; p < k; p++) {
            a.set(p, 1);
            a.set(k + p, -1);
            a.set(2L * k + p, 0);
            a.set(3L * k + p, p % 32 == 3 ? 127 : p % 2 == 0 ? p % 32 / 2f : -(p % 32) / 2f);
            a.set(4L * k + p, p % 2 == 0 ? Float.MAX_VALUE : -Float.MAX_VALUE);
            a.set(5L * k + p, 1e-30f * p);
        }
        a.set(6L * k + 1, Float.NaN);
        a.set(7L * k + k - 1, Float.NEGATIVE_INFINITY);
        for (StorageType type : TYPES) {
            Tensor rows = normal(2, 40, k);
            for (int p = 0; p < k; p++) {
                rows.set(p, 1);
                rows.set(k + p, -1);
                rows.set(2L * k + p, 0);
                rows.set(3L * k + p, p % 2 == 0 ? 1 : -1);
            }
            MemorySegment stored = stored(type, rows);
            if (type == StorageType.Q8_0) { // which our own rounding does not give
                stored.asSlice(BlockLayout.Q8_0_NUMBERS, 32).fill(Byte.MIN_VALUE);
            }
            if (type == StorageType.Q6_K) { // the greatest scales, with the least numbers
                stored.asSlice(BlockLayout.Q6_K_SCALES, 16).fill(Byte.MIN_VALUE);
                stored.asSlice(0, BlockLayout.Q6_K_SCALES).fill((byte) 0);
            }
            BlockWeight w = BlockWeight.pack(WeightRows.of(type, 40, k, stored), three, arena);
            Tensor expected = arena.allocate(m, 40);
            reference.multiply(m, a, k, w, null, expected, 40, false);
            for (BlockProduct product : others) {
                Tensor c = arena.allocate(m, 40);
                product.multiply(m, a, k, w, null, c, 40, false);
                assertThat(c.toArray()).as("%s", type).isEqualTo(expected.toArray());
            }
            for (int j = 0; j < 40; j++) {
                assertThat(expected.get(2L * 40 + j)).isZero();
                assertThat(expected.get(6L * 40 + j)).isNaN();
                assertThat(expected.get(7L * 40 + j)).isNaN();
                assertThat(expected.get(8L * 40 + j)).as("the row after").isFinite();
            }
        }
    }

    @Test
    void wrongSizesAndTypesThrow() {
        BlockWeight w = weight(StorageType.Q4_0, normal(2, 4, 64));
        Tensor a = arena.allocate(2, 64);
        for (BlockProduct product : List.of(reference, others.getFirst(), others.getLast())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.multiply(3, a, 64, w, null, arena.allocate(3, 4), 4, false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.multiply(2, a, 64, w, null, arena.allocate(2, 3), 4, false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.multiply(2, a, 64, w, arena.allocate(3), arena.allocate(2, 4), 4, false));
        }
        MemorySegment bytes = arena.allocateBytes(1 << 12);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BlockWeight.pack(WeightRows.of(StorageType.F16, 4, 64, bytes), one, arena))
                .withMessageContaining("no scale");
        BlockWeight gone;
        try (TensorArena closed = TensorArena.open("closed")) {
            gone = BlockWeight.pack(WeightRows.of(StorageType.Q4_0, 4, 64, bytes), one, closed);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> reference.multiply(2, a, 64, gone, null, arena.allocate(2, 4), 4, false));
    }
}
