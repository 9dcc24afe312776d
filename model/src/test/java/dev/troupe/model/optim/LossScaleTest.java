package dev.troupe.model.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LossScaleTest {
    @Test
    void doublesAfterEnoughGoodSteps() {
        LossScale scale = new LossScale(new LossScale.Options(1024, 3));
        scale.stepped();
        scale.stepped();
        assertThat(scale.value()).isEqualTo(1024);
        scale.stepped();
        assertThat(scale.value()).isEqualTo(2048);
    }

    @Test
    void halvesAtAnOverflowAndBeginsToCountAnew() {
        LossScale scale = new LossScale(new LossScale.Options(1024, 2));
        scale.stepped();
        scale.overflowed();
        assertThat(scale.value()).isEqualTo(512);
        scale.stepped();
        assertThat(scale.value()).isEqualTo(512);
        scale.stepped();
        assertThat(scale.value()).isEqualTo(1024);
    }

    @Test
    void staysWithinItsBounds() {
        LossScale scale = new LossScale(new LossScale.Options(LossScale.LARGEST, 1));
        scale.stepped();
        assertThat(scale.value()).isEqualTo(LossScale.LARGEST);
        while (scale.canShrink()) {
            scale.overflowed();
        }
        assertThat(scale.value()).isEqualTo(1);
        scale.overflowed();
        assertThat(scale.value()).isEqualTo(1);
    }

    @Test
    void noneStaysOne() {
        LossScale scale = new LossScale(LossScale.Options.NONE);
        for (int i = 0; i < 10; i++) {
            scale.stepped();
        }
        assertThat(scale.value()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 3, -2, 0x1p25, Double.NaN, Double.POSITIVE_INFINITY})
    void isAPowerOfTwo(double initial) {
        assertThatThrownBy(() -> new LossScale.Options(initial, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
