package dev.troupe.model.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.config.RopeScaling;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Golden values: the formulas of transformers' modeling_rope_utils, in float64 by another program. */
class RotaryFrequenciesTest {
    private static RotaryFrequencies frequencies(double theta, int headDim, @Nullable RopeScaling scaling) {
        return RotaryFrequencies.of(new ModelConfig(
                "llama",
                8,
                headDim,
                1,
                1,
                1,
                headDim,
                8,
                8,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                theta,
                true,
                false,
                0,
                false,
                scaling,
                0));
    }

    private static void assertPairs(RotaryFrequencies frequencies, int[] pairs, double... expected) {
        for (int i = 0; i < pairs.length; i++) {
            assertThat(frequencies.ofPair(pairs[i]))
                    .as("pair %d", pairs[i])
                    .isCloseTo(expected[i], within(1e-11 * expected[i]));
        }
    }

    @Test
    void llama31() {
        assertPairs(
                frequencies(500_000, 128, new RopeScaling.Llama3(8, 1, 4, 8192)),
                new int[] {0, 20, 28, 30, 33, 35, 36, 40, 63},
                1,
                0.016560440081,
                0.00321144599475,
                0.00137189356776,
                0.000312693750384,
                9.55621235396e-05,
                7.78465527393e-05,
                3.42810219595e-05,
                3.06892598891e-07);
    }

    @Test
    void llama32() {
        assertPairs(
                frequencies(500_000, 64, new RopeScaling.Llama3(32, 1, 4, 8192)),
                new int[] {0, 10, 14, 15, 16, 17, 18, 31},
                1,
                0.016560440081,
                0.00321144599475,
                0.00129054792821,
                0.000429556796559,
                9.70828780263e-05,
                1.94616381848e-05,
                9.41830672543e-08);
    }

    @Test
    void yarn() {
        double attention = RopeScaling.Yarn.defaultAttentionFactor(4);
        RotaryFrequencies frequencies = frequencies(1_000_000, 128, new RopeScaling.Yarn(4, 32768, 32, 1, attention));
        assertPairs(
                frequencies,
                new int[] {0, 20, 25, 30, 40, 45, 63},
                1,
                0.0133352143216,
                0.00413173802252,
                0.00106436098125,
                4.4456985251e-05,
                1.5107409756e-05,
                3.10234440188e-07);
        assertThat(frequencies.magnitude()).isCloseTo(1.138629436111989, within(1e-15));
    }

    @Test
    void linearAndDivisors() {
        RotaryFrequencies plain = frequencies(10_000, 8, null);
        RotaryFrequencies linear = frequencies(10_000, 8, new RopeScaling.Linear(4));
        RotaryFrequencies divided = frequencies(10_000, 8, new RopeScaling.Divisors(List.of(1f, 2f, 4f, 8f)));
        for (int i = 0; i < 4; i++) {
            assertThat(linear.ofPair(i)).isEqualTo(plain.ofPair(i) / 4);
            assertThat(divided.ofPair(i)).isEqualTo(plain.ofPair(i) / (1 << i));
        }
        RopeScaling few = new RopeScaling.Divisors(Collections.nCopies(3, 1f));
        assertThatThrownBy(() -> frequencies(10_000, 8, few)).hasMessageContaining("3 divisors");
    }
}
