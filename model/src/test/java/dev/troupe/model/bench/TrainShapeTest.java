package dev.troupe.model.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.transformer.ParameterLayout;
import org.junit.jupiter.api.Test;

class TrainShapeTest {
    @Test
    void areTheModelsThatOthersAreMeasuredOn() {
        TrainShape gpt2 = TrainShape.named("gpt2-short");
        long parameters = ParameterLayout.of(gpt2.config()).size();
        assertThat(parameters).isEqualTo(124_439_808L + 47 * 768 - 960 * 768); // 47 more tokens, 960 fewer positions
        assertThat(gpt2.flopsPerToken()).isEqualTo(6.0 * (parameters - 64 * 768) + 12.0 * 12 * 768 * 64);
        assertThatThrownBy(() -> TrainShape.named("huge")).hasMessageContaining("char-cpu");
    }
}
