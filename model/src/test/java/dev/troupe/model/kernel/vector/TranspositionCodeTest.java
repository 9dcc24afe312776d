package dev.troupe.model.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;

/** What the Vector API writes, where columns lie apart and where they overlap. */
class TranspositionCodeTest {
    private static final int APART = 100;

    @Test
    void writesWhatTheVectorApiWrites() {
        assumeThat(TranspositionCode.RUNS).as("machine code runs here").isTrue();
        try (TensorArena arena = TensorArena.open("test")) {
            for (int rows = 1; rows <= 16; rows++) {
                for (int width : new int[] {16, 48, 96}) {
                    for (int columnApart : new int[] {rows, 12, 16, 20}) {
                        Tensor from = TestTensors.normal(arena, rows, rows * APART);
                        Tensor written = TestTensors.normal(arena, 1, width * 20 + 17);
                        Tensor expected = TestTensors.normal(arena, 1, width * 20 + 17);
                        TranspositionCode.squares(
                                rows, width, from.address(), APART * 4L, written.address(), columnApart * 4L);
                        Transposition.squares(
                                rows, width, from.address(), APART * 4L, expected.address(), columnApart * 4L);
                        assertThat(written.toArray()).isEqualTo(expected.toArray());
                        assertThat(written.get((width - 1) * columnApart + rows - 1))
                                .isEqualTo(from.get((rows - 1) * APART + width - 1));
                    }
                }
            }
        }
    }
}
