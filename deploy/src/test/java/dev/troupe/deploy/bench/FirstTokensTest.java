package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FirstTokensTest {
    private static final double MILLI = 1e6;

    private final Random random = new Random(3);

    private double[] times(int count, double least, double spread) {
        return random.doubles(count)
                .map(uniform -> least - spread * Math.log1p(-uniform))
                .toArray();
    }

    @Test
    void quantilesOfSumsAreThoseOfAllSums() {
        for (int count : List.of(1, 2, 7, 300)) {
            double[] some = times(count, 40 * MILLI, 3 * MILLI);
            double[] others = times(3 * count + 1, 0.1 * MILLI, 0.2 * MILLI);
            Quantiles all = Quantiles.of(DoubleStream.of(some)
                    .flatMap(value -> DoubleStream.of(others).map(other -> value + other)));
            Quantiles found = Quantiles.ofSums(some, others);
            assertThat(found.p50()).isCloseTo(all.p50(), within(2e-6));
            assertThat(found.p95()).isCloseTo(all.p95(), within(2e-6));
            assertThat(found.p99()).isCloseTo(all.p99(), within(2e-6));
        }
        double[] equal = {2 * MILLI, 2 * MILLI};
        assertThat(Quantiles.ofSums(equal, equal).p99()).isCloseTo(4, within(2e-6));
    }

    private static FirstTokens level(double[] steps, double[] around) {
        return new FirstTokens(IntStream.range(0, steps.length)
                .mapToObj(i -> new FirstTokens.Wait(steps[i], around[i]))
                .toList());
    }

    /** The other level's steps are slower by far, and do not count. */
    @Test
    void whatALevelAddsIsNotTheStepsOfOneOfThem() {
        double[] way = times(2000, 0.1 * MILLI, 0.05 * MILLI);
        double[] longerWay =
                Arrays.stream(way).map(nanos -> nanos + 0.7 * MILLI).toArray();
        FirstTokens level = level(times(2000, 40 * MILLI, 3 * MILLI), longerWay);
        FirstTokens below = level(times(2000, 70 * MILLI, 9 * MILLI), way);
        Quantiles added = level.addedTo(below);
        assertThat(DoubleStream.of(added.p50(), added.p95(), added.p99()).boxed())
                .allSatisfy(millis -> assertThat(millis).isCloseTo(0.7, within(0.05)));
        assertThat(level.quantiles().minus(below.quantiles()).p99()).isLessThan(-10);
    }

    /** One wait of fifty is longer by 20 ms there, as steps never are. */
    @Test
    void aLevelsOwnTailIsSeen() {
        double[] way = new double[1000];
        Arrays.setAll(way, i -> i % 50 == 0 ? 20 * MILLI : 0.5 * MILLI);
        FirstTokens level = level(times(1000, 40 * MILLI, MILLI), way);
        FirstTokens below = new FirstTokens(List.of(new FirstTokens.Wait(40 * MILLI, 0.1 * MILLI)));
        Quantiles added = level.addedTo(below);
        assertThat(added.p50()).isCloseTo(0.4, within(0.1));
        assertThat(added.p99()).isGreaterThan(10);
    }

    @Test
    void roundsAreOfOneLevel() {
        FirstTokens joined = FirstTokens.joined(List.of(
                new FirstTokens(List.of(new FirstTokens.Wait(MILLI, 2 * MILLI))),
                new FirstTokens(List.of(new FirstTokens.Wait(3 * MILLI, 4 * MILLI)))));
        assertThat(joined.waits()).hasSize(2);
        assertThat(joined.quantiles()).isEqualTo(new Quantiles(7, 7, 7));
        assertThat(joined.aroundQuantiles()).isEqualTo(new Quantiles(4, 4, 4));
    }
}
