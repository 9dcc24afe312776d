package dev.troupe.model.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ReferenceRotation;
import dev.troupe.model.transformer.TestModels;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RotaryTableTest {
    /** From ../shared/REFERENCES.md: theta 1e4; d = 8 and d = 64; (1, 0) at position 1. */
    @Test
    void hasTheGoldenValues() {
        double[] expected = {1, .1, .01, .001};
        for (int i = 0; i < expected.length; i++) {
            assertThat(RotaryFrequencies.frequency(1e4, i, 8)).isCloseTo(expected[i], within(1e-15));
        }
        assertThat(RotaryFrequencies.frequency(1e4, 1, 64)).isCloseTo(.7498942093, within(1e-10));
        ModelConfig config = TestModels.llama(true); // D 4
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor table = RotaryTable.whole(config, arena);
            assertThat(table.dim(0)).isEqualTo(config.contextLength());
            assertThat(table.get(4)).isEqualTo((float) .5403023059);
            assertThat(table.get(4 + 2)).isEqualTo((float) .8414709848);
        }
    }

    static Stream<ModelConfig> rotaryModels() {
        return TestModels.all().stream().filter(config -> config.positions() == PositionKind.ROTARY);
    }

    /** Stretched or not, magnitude included. */
    @ParameterizedTest
    @MethodSource("rotaryModels")
    void holdsWhatTheFormulasSay(ModelConfig config) {
        int half = config.headDim() / 2;
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor table = RotaryTable.whole(config, arena);
            for (int position = 0; position < config.contextLength(); position++) {
                for (int i = 0; i < half; i++) {
                    long at = (long) position * config.headDim() + i;
                    assertThat((double) table.get(at))
                            .isCloseTo(ReferenceRotation.cos(config, position, i), within(1e-7));
                    assertThat((double) table.get(at + half))
                            .isCloseTo(ReferenceRotation.sin(config, position, i), within(1e-7));
                }
            }
        }
    }

    @Test
    void rowsAreMadeAsPositionsAreReached() {
        ModelConfig config = TestModels.llama(true).withContextLength(1000);
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor whole = RotaryTable.whole(config, arena);
            RotaryTable table = new RotaryTable(config, arena);
            assertThat(table.rows().get(0)).isZero();
            for (int positions : new int[] {1, 0, 256, 257, 1000, 2000}) {
                table.reach(positions);
                int numbers = Math.min(positions, 1000) * config.headDim();
                assertThat(Arrays.copyOf(table.rows().toArray(), numbers))
                        .isEqualTo(Arrays.copyOf(whole.toArray(), numbers));
                if (positions < 257) {
                    assertThat(table.rows().get(256L * config.headDim())).isZero();
                }
            }
        }
    }
}
