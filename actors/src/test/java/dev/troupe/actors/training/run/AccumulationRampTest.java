package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class AccumulationRampTest {
    @Test
    void growsLinearlyInTokens() {
        AccumulationRamp ramp = new AccumulationRamp(2, 8, 3000);

        assertThat(ramp.at(0)).isEqualTo(2);
        assertThat(ramp.at(999)).isEqualTo(2);
        assertThat(ramp.at(1000)).isEqualTo(4);
        assertThat(ramp.at(2999)).isEqualTo(6);
        assertThat(ramp.at(3000)).isEqualTo(8);
        assertThat(ramp.at(Long.MAX_VALUE)).isEqualTo(8);
        assertThat(AccumulationRamp.constant(3).at(0)).isEqualTo(3);
        assertThatThrownBy(() -> new AccumulationRamp(3, 8, 10)).hasMessageContaining("from 3 to 8");
    }

    /** Against the plain walk, step by step; seeds are those of the loop. */
    @Test
    void countsStepsAndTokensAsTheyAreTaken() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            int from = 1 + random.nextInt(6);
            int to = from * (1 + random.nextInt(9));
            AccumulationRamp ramp = new AccumulationRamp(from, to, random.nextInt(5000));
            long perMicroBatch = random.nextLong(1, 51);
            long trained = random.nextInt(6000);
            long steps = random.nextInt(300);

            long now = trained;
            long microBatches = 0;
            for (long i = 0; i < steps; i++) {
                microBatches += ramp.at(now);
                now += ramp.at(now) * perMicroBatch;
            }
            assertThat(ramp.tokensOf(steps, trained, perMicroBatch))
                    .as("seed %d", seed)
                    .isEqualTo(now - trained);

            long fullSteps = microBatches / to;
            long fitting = 0;
            long left = fullSteps * to;
            for (long at = trained; left >= ramp.at(at); fitting++) {
                left -= ramp.at(at);
                at += ramp.at(at) * perMicroBatch;
            }
            assertThat(ramp.stepsOf(fullSteps, trained, perMicroBatch))
                    .as("seed %d", seed)
                    .isEqualTo(fitting);
        }
    }
}
