package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RollbacksTest {
    private static MetricsLine.Rollback rollback(long step, long fromStep, double factor, long microBatch) {
        return new MetricsLine.Rollback(step, fromStep, "why", factor, microBatch, 100);
    }

    @Test
    void aRunWithoutAnyHasItsOwnRates() {
        Rollbacks none = Rollbacks.of(List.of(new MetricsLine.StepsFixed(1, 2)));
        assertThat(none.count()).isZero();
        assertThat(none.learningRateFactor()).isEqualTo(1);
        assertThat(none.microBatchAt(0)).isEmpty();
        assertThat(none.latestGood(40, 30)).isEqualTo(30);
    }

    @Test
    void theLastOneSaysTheRate() {
        assertThat(new Rollbacks(List.of(rollback(10, 14, 0.5, 15), rollback(20, 29, 0.25, 31))).learningRateFactor())
                .isEqualTo(0.25);
    }

    @Test
    void microBatchesAreLeftOutWhereTheRunWentBackTo() {
        Rollbacks twice = new Rollbacks(List.of(rollback(10, 14, 0.5, 15), rollback(20, 29, 0.25, 31)));
        assertThat(twice.microBatchAt(10)).hasValue(15);
        assertThat(twice.microBatchAt(20)).hasValue(31);
        assertThat(twice.microBatchAt(15)).isEmpty();

        Rollbacks further = new Rollbacks(List.of(rollback(10, 14, 0.5, 15), rollback(5, 12, 0.25, 18)));
        assertThat(further.microBatchAt(10))
                .as("the way over step 10 is taken back")
                .isEmpty();
        assertThat(further.microBatchAt(5)).hasValue(18);

        Rollbacks again = new Rollbacks(List.of(rollback(10, 14, 0.5, 15), rollback(10, 16, 0.25, 21)));
        assertThat(again.microBatchAt(10)).hasValue(21);
    }

    @Test
    void whoDoesNotGetFurtherGoesFurtherBack() {
        Rollbacks once = new Rollbacks(List.of(rollback(20, 29, 0.5, 31)));
        assertThat(once.latestGood(30, 30)).as("it got further").isEqualTo(30);
        assertThat(once.latestGood(29, 29)).isEqualTo(19);
        assertThat(once.latestGood(25, 12)).isEqualTo(12);
        assertThat(new Rollbacks(List.of(rollback(0, 3, 0.5, 4))).latestGood(2, 2))
                .isZero();
    }
}
