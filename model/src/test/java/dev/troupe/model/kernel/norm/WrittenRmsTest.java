package dev.troupe.model.kernel.norm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;

/** The bits of the Vector API. */
class WrittenRmsTest {
    private static final float[] SPECIAL = {
        0, -0f, 1e-30f, 1e19f, Float.MAX_VALUE, Float.MIN_VALUE, Float.POSITIVE_INFINITY, Float.NaN
    };

    @Test
    void hasTheBitsOfTheVectorApi() {
        assumeThat(WrittenRms.RUNS).as("machine code runs here").isTrue();
        try (TensorArena arena = TensorArena.open("test")) {
            for (int dim : new int[] {16, 48, 576}) {
                for (int special = 0; special <= SPECIAL.length; special++) {
                    Tensor x = TestTensors.normal(arena, special, dim);
                    for (int i = 0; i < special; i++) {
                        x.set(i * 5 % dim, SPECIAL[i]);
                    }
                    Tensor sum = arena.allocate(2);
                    sum.set(1, 7);
                    WrittenRms.squares(dim, x.address(), sum.address());
                    assertThat(Float.floatToIntBits(sum.get(0)))
                            .isEqualTo(Float.floatToIntBits(VectorNormalization.squares(dim, x.address(), 0)));
                    assertThat(sum.get(1)).as("beyond the sum").isEqualTo(7);

                    Tensor weight = TestTensors.normal(arena, 2, dim);
                    Tensor written = TestTensors.normal(arena, 3, dim + 1);
                    Tensor expected = TestTensors.normal(arena, 3, dim + 1);
                    float scale = special == 0 ? 0.7f : -SPECIAL[special - 1];
                    WrittenRms.scale(dim, x.address(), scale, weight.address(), written.address());
                    VectorNormalization.normalize(dim, x.address(), 0, scale, weight.address(), 0, expected.address());
                    assertThat(written.toArray()).isEqualTo(expected.toArray());
                }
            }
        }
    }
}
