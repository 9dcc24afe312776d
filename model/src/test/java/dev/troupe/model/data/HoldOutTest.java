package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class HoldOutTest {
    /** From sha256sum: printf doc-0 | sha256sum, first 53 bits divided by 2^53. A change would leak held-out text. */
    @Test
    void positionsNeverChange() {
        assertThat(HoldOut.position("doc-0")).isCloseTo(0.7393403678886653, within(1e-12));
        assertThat(HoldOut.position("wordnet:noun:00001740")).isCloseTo(0.362537416972894, within(1e-12));
    }

    @Test
    void keepsAboutTheFractionAndGrowsWithIt() {
        int one = 0;
        int ten = 0;
        for (int i = 0; i < 100_000; i++) {
            boolean inOne = HoldOut.isHeldOut("doc-" + i, 0.01);
            boolean inTen = HoldOut.isHeldOut("doc-" + i, 0.1);
            assertThat(!inOne || inTen).as("1 %% is a part of 10 %%").isTrue();
            one += inOne ? 1 : 0;
            ten += inTen ? 1 : 0;
        }
        assertThat(one).isBetween(900, 1_100);
        assertThat(ten).isBetween(9_700, 10_300);
    }

    @Test
    void keepsNothingOrAllAtTheEnds() {
        assertThat(HoldOut.isHeldOut("doc", 0)).isFalse();
        assertThat(HoldOut.isHeldOut("doc", 1)).isTrue();
    }
}
