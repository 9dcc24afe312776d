package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class LossSpikesTest {
    private static final int WINDOW = 20;
    private static final long SEED = 11;

    private static LossSpikes afterAWindow(int steps) {
        LossSpikes spikes = new LossSpikes(new LossSpikes.Options(WINDOW, 6, steps));
        Random random = new Random(SEED);
        for (int i = 0; i < WINDOW; i++) {
            spikes.add(2 + 0.1 * random.nextGaussian());
        }
        return spikes;
    }

    @Test
    void manyHighLossesOnEndAreASpike() {
        LossSpikes spikes = afterAWindow(3);
        spikes.add(4);
        spikes.add(5);
        assertThat(spikes.highSteps()).isEqualTo(2);
        assertThat(spikes.isSpike()).isFalse();
        spikes.add(6);
        assertThat(spikes.isSpike()).isTrue();
    }

    @Test
    void aFewAreNoise() {
        LossSpikes spikes = afterAWindow(3);
        for (int i = 0; i < 50; i++) {
            spikes.add(3);
            spikes.add(2);
            assertThat(spikes.isSpike()).isFalse();
        }
        assertThat(spikes.highSteps()).isZero();
    }

    @Test
    void nothingIsOneBeforeThereIsAMeasure() {
        LossSpikes spikes = new LossSpikes(new LossSpikes.Options(WINDOW, 6, 1));
        for (int i = 0; i < WINDOW; i++) {
            spikes.add(i < WINDOW / 2 ? 2 : 100);
            assertThat(spikes.isSpike()).isFalse();
        }
    }

    @Test
    void aCurveThatFallsHasNone() {
        LossSpikes spikes = new LossSpikes(new LossSpikes.Options(WINDOW, 6, 1));
        Random random = new Random(SEED);
        for (int step = 0; step < 2000; step++) {
            spikes.add(2 + 3 * Math.exp(-step / 200.0) + 0.05 * random.nextGaussian());
            assertThat(spikes.isSpike()).as("step %d", step).isFalse();
        }
    }

    @Test
    void aFlatCurveMayRipple() {
        LossSpikes spikes = new LossSpikes(new LossSpikes.Options(WINDOW, 6, 1));
        for (int i = 0; i < WINDOW; i++) {
            spikes.add(2);
        }
        spikes.add(2.1);
        assertThat(spikes.isSpike()).isFalse();
        spikes.add(2.5);
        assertThat(spikes.isSpike()).isTrue();
    }

    @Test
    void zeroStepsIsNever() {
        LossSpikes spikes = afterAWindow(0);
        spikes.add(1e9);
        assertThat(spikes.isSpike()).isFalse();
    }
}
