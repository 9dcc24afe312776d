package dev.troupe.model.kernel.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;

/** The bits of the Vector API, and nothing beyond the tile. */
class GemmTileCodeTest {
    @Test
    void hasTheBitsOfTheVectorApi() {
        assumeThat(GemmTileCode.RUNS).as("machine code runs here").isTrue();
        try (TensorArena arena = TensorArena.open("test")) {
            for (int rows = 1; rows <= GemmTile.ROWS; rows++) {
                for (int depth : new int[] {0, 1, 33, GemmTile.DEPTH}) {
                    Tensor strip = TestTensors.normal(arena, 1, (depth + 1) * GemmTile.ROWS);
                    Tensor panel = TestTensors.normal(arena, 2, (depth + 1) * GemmTile.COLUMNS);
                    Tensor written = TestTensors.normal(arena, 3, (rows + 1) * GemmTile.COLUMNS);
                    Tensor expected = TestTensors.normal(arena, 3, (rows + 1) * GemmTile.COLUMNS);
                    GemmTileCode.product(rows, depth, strip.address(), panel.address(), written.address());
                    GemmTile.vectorProduct(rows, depth, strip.address(), panel.address(), expected.address());
                    assertThat(written.toArray())
                            .as("%d rows, %d deep", rows, depth)
                            .isEqualTo(expected.toArray());
                    addsToABase(arena, rows, depth, strip, panel, expected);
                }
            }
        }
    }

    private static void addsToABase(TensorArena arena, int rows, int depth, Tensor strip, Tensor panel, Tensor sums) {
        int row = GemmTile.COLUMNS + 5;
        Tensor base = TestTensors.normal(arena, 4, rows * row + 1);
        for (Tensor to : new Tensor[] {TestTensors.normal(arena, 5, rows * row + 1), base}) {
            float[] expected = to.toArray();
            for (int r = 0; r < rows; r++) {
                for (int j = 0; j < GemmTile.COLUMNS; j++) {
                    expected[r * row + j] = base.get(r * row + j) + sums.get(r * GemmTile.COLUMNS + j);
                }
            }
            GemmTileCode.product(rows, depth, strip.address(), panel.address(), base.address(), to.address(), row * 4L);
            assertThat(to.toArray()).as("%d rows, %d deep", rows, depth).isEqualTo(expected);
        }
    }
}
