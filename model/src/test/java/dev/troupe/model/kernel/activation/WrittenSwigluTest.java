package dev.troupe.model.kernel.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The bits of the Vector API, which computes widths that do not fill vectors. */
class WrittenSwigluTest {
    private static final int WIDTH = 256;
    private static final float[] SPECIAL = {
        0,
        -0f,
        1,
        -1,
        86.9f,
        -86.9f,
        87,
        -87,
        88.3f,
        -88.3f,
        100,
        -100,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.MIN_VALUE,
        1e-38f,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN
    };

    @Test
    void hasTheBitsOfTheVectorApi() {
        assumeThat(WrittenSwiglu.RUNS).as("machine code runs here").isTrue();
        try (TensorArena arena = TensorArena.open("test")) {
            for (float spread : new float[] {1, 30, 1e-3f}) {
                Tensor both = TestTensors.normal(arena, (long) spread, 2 * WIDTH);
                for (int i = 0; i < both.size(); i++) {
                    both.set(i, both.get(i) * spread);
                }
                for (int i = 0; i < SPECIAL.length; i++) {
                    both.set(i, SPECIAL[i]);
                    both.set(WIDTH + i, i % 3 - 1);
                }
                Tensor written = arena.allocate(WIDTH + 1);
                written.set(WIDTH, 7);
                WrittenSwiglu.swiglu(WIDTH, both.address(), written.address());
                assertThat(written.get(WIDTH)).as("beyond the row").isEqualTo(7);

                int less = WIDTH - 1;
                Tensor others = arena.allocate(2 * less);
                for (int i = 0; i < less; i++) {
                    others.set(i, both.get(i));
                    others.set(less + i, both.get(WIDTH + i));
                }
                Tensor expected = arena.allocate(less);
                ActivationRows.swiglu(less, others.address(), expected.address());
                assertThat(Arrays.copyOf(written.toArray(), less)).isEqualTo(expected.toArray());
            }
        }
    }

    @Test
    void gradientsHaveTheBitsOfTheVectorApi() {
        assumeThat(WrittenSwiglu.RUNS).as("machine code runs here").isTrue();
        try (TensorArena arena = TensorArena.open("test")) {
            for (float spread : new float[] {1, 30, 1e-3f}) {
                Tensor both = TestTensors.normal(arena, (long) spread, 2 * WIDTH);
                for (int i = 0; i < both.size(); i++) {
                    both.set(i, i < SPECIAL.length ? SPECIAL[i] : both.get(i) * spread);
                }
                Tensor dy = TestTensors.normal(arena, 7, WIDTH);
                Tensor written = TestTensors.normal(arena, 8, 2 * WIDTH + 1);
                Tensor expected = TestTensors.normal(arena, 8, 2 * WIDTH + 1);
                WrittenSwiglu.swigluBackward(WIDTH, both.address(), dy.address(), written.address());
                ActivationRows.vectorSwigluBackward(WIDTH, both.address(), dy.address(), expected.address());
                assertThat(written.toArray()).isEqualTo(expected.toArray());
                WrittenSwiglu.swigluBackward(WIDTH, both.address(), dy.address(), both.address());
                assertThat(both.toArray()).as("in place").isEqualTo(Arrays.copyOf(expected.toArray(), 2 * WIDTH));
            }
        }
    }
}
