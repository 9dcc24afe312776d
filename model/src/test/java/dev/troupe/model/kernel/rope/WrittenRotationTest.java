package dev.troupe.model.kernel.rope;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;

/** The bits of the Vector API. */
class WrittenRotationTest {
    @Test
    void hasTheBitsOfTheVectorApi() {
        assumeThat(WrittenRotation.runs(64)).as("machine code runs here").isTrue();
        assertThat(WrittenRotation.runs(80)).as("halves of 40 fill no vectors").isFalse();
        try (TensorArena arena = TensorArena.open("test")) {
            for (int headDim : new int[] {32, 64, 96, 128}) {
                for (int heads : new int[] {1, 2, 9}) {
                    compare(arena, headDim, heads, false);
                    compare(arena, headDim, heads, true);
                }
            }
        }
    }

    private static void compare(TensorArena arena, int headDim, int heads, boolean back) {
        Tensor angles = TestTensors.normal(arena, 1, headDim);
        angles.set(3, Float.NaN);
        angles.set(headDim / 2, -0f);
        Tensor written = TestTensors.normal(arena, 2, heads * headDim + 1);
        Tensor expected = TestTensors.normal(arena, 2, heads * headDim + 1);
        WrittenRotation.rotate(heads, headDim, written.address(), angles.address(), back);
        for (int h = 0; h < heads; h++) {
            long head = expected.address() + (long) h * headDim * 4;
            VectorRotaryEmbedding.head(headDim / 2, head, angles.address(), back);
        }
        assertThat(written.toArray()).as("%d heads of %d", heads, headDim).isEqualTo(expected.toArray());
    }
}
