package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CheckpointCostTest {
    private static final long MILLI = 1_000_000;

    private final CheckpointCost cost = new CheckpointCost();
    private long now;

    private void steps(int count, long millis) {
        for (int i = 0; i < count; i++) {
            now += millis * MILLI;
            cost.stepEnded(now);
        }
    }

    /** A step waits 50 ms, and each of three takes 20 ms longer while the file is written. */
    private void checkpoint() {
        long begin = now;
        now += 50 * MILLI;
        steps(3, 120);
        cost.saved(new CheckpointCost.Save(begin, now - 10 * MILLI, 0.05));
    }

    @Test
    void countsThePauseAndSlowerSteps() {
        steps(10, 300); // not compiled yet
        checkpoint();
        for (int i = 0; i < 4; i++) {
            steps(10, 100);
            checkpoint();
        }
        CheckpointCost.Cost measured = cost.after(1);
        assertThat(measured.checkpoints()).isEqualTo(4);
        assertThat(measured.stepSeconds()).isCloseTo(0.1, within(1e-9));
        assertThat(measured.pauseSeconds()).isCloseTo(0.05, within(1e-9));
        assertThat(measured.writtenSeconds()).isCloseTo(0.4, within(1e-9));
        assertThat(measured.extraSeconds()).isCloseTo(0.05 + 3 * 0.02, within(1e-9));
    }

    @Test
    void wantsStepsThatNothingDisturbs() {
        steps(1, 100);
        checkpoint();
        assertThatThrownBy(() -> cost.after(0)).hasMessageContaining("more steps between");
        assertThatThrownBy(() -> cost.after(1)).hasMessageContaining("1 checkpoints");
    }
}
