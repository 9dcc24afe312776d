package dev.troupe.model.kernel.int8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows are rounded and sums scaled as the reference does it. */
class DotRowsTest {
    private static final byte UNTOUCHED = 99;

    private final TensorArena arena = TensorArena.open("test");

    @BeforeEach
    void assumeItRunsHere() {
        assumeThat(DotRows.RUNS).as("machine code runs here").isTrue();
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private void storesAsTheReference(int k, Tensor row) {
        int padded = Int8Weight.depth(k);
        MemorySegment bytes = arena.allocateBytes(padded + 1);
        bytes.fill(UNTOUCHED);
        float scale = DotRows.storeBytes(k, padded, row.address(), bytes.address());
        float greatest = Int8Rounding.greatest(row.toArray());
        assertThat(scale).isEqualTo(Int8Rounding.scale(greatest));
        for (int i = 0; i < k; i++) {
            int number = Int8Rounding.round(row.get(i), Int8Rounding.inverse(greatest));
            assertThat(bytes.get(ValueLayout.JAVA_BYTE, i) & 0xFF)
                    .as("number %d of %d", i, k)
                    .isEqualTo(number + Int8Weight.SHIFT);
        }
        for (int i = k; i < padded; i++) {
            assertThat(bytes.get(ValueLayout.JAVA_BYTE, i) & 0xFF)
                    .as("after the last")
                    .isEqualTo(Int8Weight.SHIFT);
        }
        assertThat(bytes.get(ValueLayout.JAVA_BYTE, padded))
                .as("beyond the row")
                .isEqualTo(UNTOUCHED);
    }

    @Test
    void roundsAsTheReference() {
        for (int k : new int[] {16, 48, 64, 80, 576}) {
            storesAsTheReference(k, TestTensors.normal(arena, k, 1, k));
        }
    }

    @Test
    void tiesZerosAndTheGreatestNumberAreThoseOfTheReference() {
        int k = 32;
        Tensor ties = arena.allocate(1, k);
        ties.set(0, 127);
        for (int i = 1; i < k; i++) {
            ties.set(i, (i % 2 == 0 ? 1 : -1) * (i + 0.5f));
        }
        storesAsTheReference(k, ties);
        storesAsTheReference(k, arena.allocate(1, k));
        Tensor greatest = arena.allocate(1, k);
        greatest.set(k - 1, -Float.MAX_VALUE);
        storesAsTheReference(k, greatest);
    }

    @Test
    void aRowThatIsNotFiniteHasNoScale() {
        for (float number : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            Tensor row = TestTensors.normal(arena, 1, 1, 64);
            row.set(37, number);
            MemorySegment bytes = arena.allocateBytes(64);
            assertThat(DotRows.storeBytes(64, 64, row.address(), bytes.address()))
                    .isNaN();
        }
    }

    @Test
    void scalesSumsOfSeveralPanels() {
        int columns = 2 * Int8Weight.COLUMNS;
        MemorySegment sums = arena.allocateBytes(columns * 4L);
        MemorySegment shifts = arena.allocateBytes(columns * 4L);
        for (int j = 0; j < columns; j++) {
            sums.setAtIndex(ValueLayout.JAVA_INT, j, j * 70_001 - 4_000_000);
            shifts.setAtIndex(ValueLayout.JAVA_INT, j, j * -333);
        }
        Tensor scales = TestTensors.normal(arena, 5, columns);
        Tensor scale = TestTensors.normal(arena, 6, 1);
        Tensor results = arena.allocate(columns + 1);
        results.set(columns, UNTOUCHED);
        DotRows.finish(columns, sums.address(), shifts.address(), scale.address(), scales.address(), results.address());
        for (int j = 0; j < columns; j++) {
            int sum = sums.getAtIndex(ValueLayout.JAVA_INT, j) - shifts.getAtIndex(ValueLayout.JAVA_INT, j);
            assertThat(results.get(j)).isEqualTo(sum * scale.get(0) * scales.get(j));
        }
        assertThat(results.get(columns)).as("beyond the row").isEqualTo(UNTOUCHED);
    }
}
