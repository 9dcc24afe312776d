package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StepBudgetTest {
    @Test
    void evaluationsAreTakenOffTheBudget() {
        // 100 s less 5 s of final evaluation and half a second of closing, 1 s a step and 0.1 s of evaluation.
        assertThat(new StepBudget(1, 0.05, 10, 20, 100).steps(100)).isEqualTo(85);
        assertThat(new StepBudget(1, 0.05, 0, 20, 100).steps(100)).isEqualTo(94);
    }

    @Test
    void thereIsAlwaysAStep() {
        assertThat(new StepBudget(1, 1, 10, 10, 100).steps(-3)).isEqualTo(1);
    }

    @Test
    void theMedianLeavesOutTheWarmUp() {
        StepMeasure measure = new StepMeasure(200);
        for (double seconds : List.of(9.0, 8.0, 7.0, 1.0, 5.0, 2.0)) {
            measure.add(seconds);
        }
        assertThat(measure.secondsPerStep()).isEqualTo(2.0);
        assertThat(measure.isEnough(29)).isFalse();
        assertThat(measure.isEnough(30)).isTrue();
        assertThat(measure.remainingSteps(100)).isEqualTo(50);
        assertThat(new StepMeasure(200).isEnough(1000)).isFalse();
    }
}
