package dev.troupe.model.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;

/** The bits of the Vector API, and nothing beyond the tile. */
class TileCodeTest {
    private static final int WIDTH = 7 * 16;

    @Test
    void hasTheBitsOfTheVectorApi() {
        assumeThat(TileCode.RUNS).as("machine code runs here").isTrue();
        for (int rows = 1; rows <= 25; rows++) {
            for (int columns = 16; columns <= 96; columns += 16) {
                for (int k : new int[] {0, 1, 33}) {
                    compare(rows, columns, k);
                }
            }
        }
    }

    private static void compare(int rows, int columns, int k) {
        int apart = k + 3;
        compare(rows, columns, k, apart, 1);
        compare(rows, columns, k, 1, 64);
    }

    /** @param rowA numbers from row to row of A; {@code stepA} from k to k + 1 */
    private static void compare(int rows, int columns, int k, int rowA, int stepA) {
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor a = TestTensors.normal(arena, 1, rows * rowA + (k + 1) * stepA);
            Tensor b = TestTensors.normal(arena, 2, (k + 1) * WIDTH);
            for (boolean fromC : new boolean[] {false, true}) {
                Tensor written = TestTensors.normal(arena, 3, (rows + 1) * WIDTH);
                Tensor expected = TestTensors.normal(arena, 3, (rows + 1) * WIDTH);
                assertThat(TileCode.runs(stepA * 4L, WIDTH * 4L, WIDTH * 4L)).isTrue();
                TileCode.product(
                        rows,
                        columns,
                        k,
                        a.address(),
                        rowA * 4L,
                        stepA * 4L,
                        b.address(),
                        WIDTH * 4L,
                        written.address(),
                        fromC);
                Tiles.vectorProduct(
                        rows,
                        columns,
                        k,
                        a.address(),
                        rowA * 4L,
                        stepA * 4L,
                        b.address(),
                        WIDTH * 4L,
                        expected.address(),
                        WIDTH * 4L,
                        fromC);
                assertThat(written.toArray())
                        .as("%d x %d x %d, from C: %s", rows, columns, k, fromC)
                        .isEqualTo(expected.toArray());
            }
        }
    }
}
