package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class StepRatesTest {
    @Test
    void keepsTheRatesOfStepsThatMayBeTakenAgain() {
        StepRates rates = new StepRates();
        for (long step = 100; step < 400; step++) {
            rates.put(step, step * 1e-3);
        }
        rates.forgetBefore(250);
        rates.put(399, 7); // once more
        rates.put(400, 8);

        assertThat(rates.at(250)).isEqualTo(250 * 1e-3);
        assertThat(rates.at(399)).isEqualTo(7);
        assertThat(rates.at(400)).isEqualTo(8);
        assertThatThrownBy(() -> rates.at(249)).hasMessageContaining("step 249 cannot be taken again");
        assertThatThrownBy(() -> rates.at(401)).hasMessageContaining("step 401");
        assertThatThrownBy(() -> rates.put(402, 1)).hasMessageContaining("step 402");
    }

    @Test
    void beginsAnewAfterAllAreForgotten() {
        StepRates rates = new StepRates();
        rates.put(0, 1);
        rates.forgetBefore(1);
        rates.put(1, 2);

        assertThat(rates.at(1)).isEqualTo(2);
    }
}
