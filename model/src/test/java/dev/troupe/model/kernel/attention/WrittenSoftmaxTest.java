package dev.troupe.model.kernel.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The bits of the Vector API. */
class WrittenSoftmaxTest {
    private static final int SPAN = KeySpans.SPAN;
    /** What rows see: nothing, all, some from the first on, some to the last, some within a vector, one. */
    private static final int[][] SEEN = {
        {0, 0},
        {0, SPAN},
        {0, 17},
        {30, SPAN},
        {18, 29},
        {5, 6},
        {16, 32},
        {15, 49},
        {63, 64},
        {64, 64},
        {0, 1},
        {7, 55}
    };

    private static final float[] SPECIAL = {
        0,
        -0f,
        -0f,
        87,
        -87,
        88.3f,
        100,
        -100,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.MIN_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN
    };

    @BeforeEach
    void onlyWhereItRuns() {
        assumeThat(WrittenSoftmax.RUNS).as("machine code runs here").isTrue();
    }

    private static Tensor same(TensorArena arena, Tensor from) {
        Tensor copy = arena.allocate(Math.toIntExact(from.size()));
        copy.copyFrom(from.toArray());
        return copy;
    }

    /** Bits, so that zeros of both signs count; which of two NaN stays is the compiler's choice. */
    private static int[] bits(Tensor tensor) {
        float[] numbers = tensor.toArray();
        int[] bits = new int[numbers.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToIntBits(numbers[i]);
        }
        return bits;
    }

    private static Tensor scores(TensorArena arena, float spread, int special) {
        Tensor scores = TestTensors.normal(arena, special + 1, SEEN.length * SPAN + 1);
        for (int i = 0; i < scores.size(); i++) {
            scores.set(i, scores.get(i) * spread);
        }
        for (int i = 0; i < special; i++) {
            for (int row = 0; row < SEEN.length; row++) {
                scores.set(row * SPAN + (i * 5 + row * 3) % SPAN, SPECIAL[i]);
            }
        }
        return scores;
    }

    @Test
    void maximaAndExponentialsHaveTheBitsOfTheVectorApi() {
        try (TensorArena arena = TensorArena.open("test")) {
            int rows = SEEN.length;
            Tensor bounds = arena.allocate(2 * rows);
            for (int r = 0; r < rows; r++) {
                SoftmaxRow.setBounds(bounds.address(), r, SEEN[r][0], SEEN[r][1]);
                assertThat(SoftmaxRow.seesNone(bounds.address(), r)).isEqualTo(SEEN[r][0] == SEEN[r][1]);
            }
            for (float spread : new float[] {1, 30, 1e-3f, 0}) {
                for (int special : new int[] {0, 3, SPECIAL.length - 3, SPECIAL.length}) {
                    Tensor written = scores(arena, spread, special);
                    Tensor expected = same(arena, written);
                    Tensor maxima = TestTensors.normal(arena, 1, rows + 1);
                    Tensor expectedMaxima = same(arena, maxima);
                    WrittenSoftmax.maxima(rows, SPAN, written.address(), bounds.address(), maxima.address());
                    SoftmaxRow.vectorMaxima(rows, expected.address(), bounds.address(), expectedMaxima.address());
                    assertThat(bits(maxima)).isEqualTo(bits(expectedMaxima));

                    Tensor sums = TestTensors.normal(arena, 2, rows * Lanes.LANES + 1);
                    Tensor expectedSums = same(arena, sums);
                    WrittenSoftmax.exponentials(
                            rows, SPAN, written.address(), bounds.address(), maxima.address(), sums.address());
                    SoftmaxRow.vectorExponentials(
                            rows,
                            SPAN,
                            expected.address(),
                            bounds.address(),
                            expectedMaxima.address(),
                            expectedSums.address());
                    assertThat(bits(written)).isEqualTo(bits(expected));
                    assertThat(bits(sums)).isEqualTo(bits(expectedSums));
                }
            }
        }
    }

    @Test
    void differencesHaveTheBitsOfTheVectorApi() {
        try (TensorArena arena = TensorArena.open("test")) {
            for (int special : new int[] {0, SPECIAL.length - 3, SPECIAL.length}) {
                for (int n : new int[] {Lanes.LANES, 5 * Lanes.LANES}) {
                    Tensor from = scores(arena, 30, special);
                    Tensor max = scores(arena, 1, 0);
                    Tensor written = TestTensors.normal(arena, 1, n + 1);
                    Tensor expected = same(arena, written);
                    WrittenSoftmax.expDifferences(n, from.address(), max.address(), written.address());
                    SoftmaxRow.vectorExpDifferences(n, from.address(), max.address(), expected.address());
                    assertThat(bits(written)).isEqualTo(bits(expected));
                }
            }
        }
    }

    @Test
    void gradientsHaveTheBitsOfTheVectorApi() {
        try (TensorArena arena = TensorArena.open("test")) {
            int rows = SEEN.length;
            for (float spread : new float[] {1, 30, 0}) {
                for (int special : new int[] {0, SPECIAL.length - 3, SPECIAL.length}) {
                    Tensor numbers = arena.allocate(4 * rows);
                    Tensor sums = TestTensors.normal(arena, 3, 2 * rows);
                    for (int r = 0; r < rows; r++) {
                        SoftmaxRow.setNumbers(
                                numbers.address(), r, SEEN[r][0], SEEN[r][1], sums.get(r), sums.get(rows + r));
                    }
                    Tensor written = scores(arena, spread, special);
                    Tensor writtenGradients = scores(arena, 1, special);
                    Tensor expected = same(arena, written);
                    Tensor expectedGradients = same(arena, writtenGradients);
                    WrittenSoftmax.gradients(
                            rows, SPAN, written.address(), writtenGradients.address(), numbers.address());
                    SoftmaxRow.vectorBackward(
                            rows, SPAN, expected.address(), expectedGradients.address(), numbers.address());
                    assertThat(bits(written)).isEqualTo(bits(expected));
                    assertThat(bits(writtenGradients)).isEqualTo(bits(expectedGradients));
                }
            }
        }
    }

    @Test
    void resultsHaveTheBitsOfTheVectorApi() {
        try (TensorArena arena = TensorArena.open("test")) {
            for (int special = 0; special <= SPECIAL.length; special++) {
                Tensor sums = TestTensors.normal(arena, special, Lanes.LANES);
                Tensor values = TestTensors.normal(arena, special + 100, 80);
                if (special > 0) {
                    sums.set(special, SPECIAL[special - 1]);
                    values.set(special, -SPECIAL[special - 1]);
                }
                Tensor written = TestTensors.normal(arena, 1, 82);
                Tensor expected = same(arena, written);
                long sum = 81 * 4L;
                WrittenSoftmax.finish(80, values.address(), sums.address(), written.address() + sum, written.address());
                SoftmaxRow.vectorFinish(
                        80, values.address(), sums.address(), expected.address() + sum, expected.address());
                assertThat(bits(written)).isEqualTo(bits(expected));
            }
        }
    }
}
