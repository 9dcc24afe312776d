package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A leak is seen, warm-up and noise are not taken for one. */
class GrowthTest {
    private static Growth judge(int count, IntToDoubleFunction measured) {
        List<Double> values = IntStream.range(0, count)
                .mapToObj(i -> measured.applyAsDouble(i))
                .toList();
        return Growth.of("heap", "bytes", values, Growth.WARM_UP, 100, 0.01);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noiseAndWarmUpAreNoGrowth(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        assertThat(judge(16, i -> 5000 + random.nextInt(-60, 60)).tooMuch()).isFalse();
        assertThat(judge(16, i -> (i < 4 ? 1000 * i : 5000) + random.nextInt(-60, 60))
                        .tooMuch())
                .isFalse();
        assertThat(judge(16, i -> 5000 - 50 * i).tooMuch()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6, 16, 100})
    void whatGrowsAllTheTimeIsGrowth(int count) {
        Growth growth = judge(count, i -> 5000 + 2400.0 * i / count);
        assertThat(growth.tooMuch()).as(growth.toString()).isTrue();
        assertThat(growth.after()).isGreaterThan(growth.before());
    }

    /** As an arena of malloc does: it has its size when half of the run is over. A leak goes on. */
    @Test
    void whatFillsIsNoGrowthWhereTheSecondHalfIsJudged() {
        List<Double> fills = IntStream.range(0, 16)
                .mapToObj(i -> 5000 + 300.0 * Math.min(i, 8))
                .toList();
        assertThat(judge(16, fills::get).tooMuch()).isTrue();
        assertThat(Growth.of("other", "bytes", fills, 0.5, 100, 0.01).tooMuch()).isFalse();
        List<Double> leaks =
                IntStream.range(0, 16).mapToObj(i -> 5000 + 300.0 * i).toList();
        assertThat(Growth.of("other", "bytes", leaks, 0.5, 100, 0.01).tooMuch()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void tooFewSayNothing(int count) {
        assertThatThrownBy(() -> judge(count, i -> i))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too few");
    }
}
