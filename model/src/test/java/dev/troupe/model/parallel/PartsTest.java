package dev.troupe.model.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class PartsTest {
    @Test
    void evenPartsCoverAllAndDifferByOneGrainAtMost() {
        for (long size : new long[] {0, 1, 15, 16, 17, 100, 1_000_003, 5_000_000_000L}) {
            for (int ranks = 1; ranks <= 9; ranks++) {
                long[] bounds = Parts.even(size, ranks);
                Parts.check(bounds, ranks, size);
                for (int r = 0; r < ranks; r++) {
                    assertThat(bounds[r + 1] - bounds[r]).isLessThanOrEqualTo(size / ranks + 17);
                }
            }
        }
        assertThat(Parts.even(100, 3)).containsExactly(0, 48, 96, 100);
        assertThat(Parts.even(5, 3)).containsExactly(0, 5, 5, 5);
    }

    @Test
    void boundsThatDoNotDivideAreRefused() {
        for (long[] bounds : new long[][] {{0, 5}, {0, 5, 9}, {1, 5, 10}, {0, 11, 10}, {0, 5, 10, 10}}) {
            assertThatIllegalArgumentException().isThrownBy(() -> Parts.check(bounds, 2, 10));
        }
    }
}
