package dev.troupe.model.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LossRecorderTest {
    private static final int STEPS = 3 * LossRecorder.MAX_SAMPLES + 17;

    private static double loss(int step) {
        return 10.0 / (1 + step);
    }

    private static void record(LossRecorder recorder, int from, int to) {
        for (int step = from; step <= to; step++) {
            recorder.training(step, step * 100L, loss(step));
        }
    }

    @Test
    void longRunStaysSmallAndKeepsItsMean() {
        LossRecorder recorder = LossRecorder.from(LossCurve.empty());
        record(recorder, 1, STEPS);
        LossCurve curve = recorder.curve();
        assertThat(curve.stepsPerSample()).isEqualTo(4);
        assertThat(curve.training()).hasSizeBetween(LossRecorder.MAX_SAMPLES / 2, LossRecorder.MAX_SAMPLES);
        assertThat(curve.training().stream().mapToInt(LossSample::count).sum()).isEqualTo(STEPS);
        assertThat(curve.training().getLast().step()).isEqualTo(STEPS);
        assertThat(curve.training().getLast().tokens()).isEqualTo(STEPS * 100L);
        double sum = curve.training().stream()
                .mapToDouble(sample -> sample.loss() * sample.count())
                .sum();
        double expected = 0;
        for (int step = 1; step <= STEPS; step++) {
            expected += loss(step);
        }
        assertThat(sum).isCloseTo(expected, within(1e-9));
    }

    @Test
    void heldOutLossesAreInOrderOfStepHoweverLateTheyAre() {
        LossRecorder recorder = LossRecorder.from(LossCurve.empty());
        recorder.validation(20, 200, 3.0);
        recorder.validation(30, 300, 2.5);
        recorder.validation(10, 100, 3.5);
        recorder.validation(20, 200, 2.9);
        assertThat(recorder.curve().validation())
                .containsExactly(
                        new LossSample(10, 100, 3.5, 1),
                        new LossSample(20, 200, 2.9, 1),
                        new LossSample(30, 300, 2.5, 1));
    }

    @Test
    void continuingFromACurveIsTheSameAsNotStopping() {
        LossRecorder whole = LossRecorder.from(LossCurve.empty());
        record(whole, 1, STEPS);
        LossRecorder first = LossRecorder.from(LossCurve.empty());
        record(first, 1, 4001);
        LossRecorder second = LossRecorder.from(first.curve());
        record(second, 4002, STEPS);
        assertThat(second.curve()).isEqualTo(whole.curve());
    }
}
