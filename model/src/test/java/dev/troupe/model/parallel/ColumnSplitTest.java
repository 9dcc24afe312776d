package dev.troupe.model.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ColumnSplitTest {
    @Test
    void everyColumnHasOneOwnerAndNoRankHasNone() {
        for (int ranks = 1; ranks <= 5; ranks++) {
            for (int width : new int[] {ranks, ranks + 1, 16, 16 * ranks, 16 * ranks + 1, 97, 1000}) {
                if (width < ranks) {
                    continue;
                }
                ColumnSplit split = ColumnSplit.even(width, ranks);
                assertThat(split.width()).isEqualTo(width);
                assertThat(split.ranks()).isEqualTo(ranks);
                int column = 0;
                for (int rank = 0; rank < ranks; rank++) {
                    assertThat(split.begin(rank)).isEqualTo(column);
                    assertThat(split.count(rank)).isPositive();
                    for (; column < split.end(rank); column++) {
                        assertThat(split.owner(column)).isEqualTo(rank);
                    }
                }
                assertThat(column).isEqualTo(width);
            }
        }
    }

    @Test
    void partsBeginAtCacheLinesWhereThereAreEnoughColumns() {
        assertThat(ColumnSplit.even(200, 3).begin(1) % 16).isZero();
        assertThat(ColumnSplit.even(33, 3).begin(1)).isEqualTo(11);
    }

    @Test
    void groupsStayWhole() {
        ColumnSplit split = ColumnSplit.ofGroups(3, 24, 2);
        assertThat(split.count(0)).isEqualTo(24);
        assertThat(split.count(1)).isEqualTo(48);
        assertThatThrownBy(() -> ColumnSplit.ofGroups(2, 24, 3)).isInstanceOf(IllegalArgumentException.class);
    }
}
