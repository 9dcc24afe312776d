package dev.troupe.model.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.TestModels;
import org.junit.jupiter.api.Test;

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
            Tensor table = RotaryTable.create(config, arena);
            assertThat(table.dim(0)).isEqualTo(config.contextLength());
            assertThat(table.get(4)).isEqualTo((float) .5403023059);
            assertThat(table.get(4 + 2)).isEqualTo((float) .8414709848);
        }
    }
}
