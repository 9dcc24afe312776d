package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.tensor.TensorArena;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParameterLayoutTest {
    private static ModelConfig gpt2(int vocab, int dim, int layers, int heads, int context, boolean bias) {
        return new ModelConfig(
                "gpt2",
                vocab,
                dim,
                layers,
                heads,
                heads,
                dim / heads,
                4 * dim,
                context,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                0,
                true,
                bias,
                0);
    }

    /** Published sizes of GPT-2 (its code and checkpoints), and nanoGPT's shakespeare-char with its position table. */
    @ParameterizedTest
    @CsvSource({
        "50257, 768, 12, 12, 1024, true, 124439808",
        "50257, 1024, 24, 16, 1024, true, 354823168",
        "50257, 1280, 36, 20, 1024, true, 774030080",
        "50257, 1600, 48, 25, 1024, true, 1557611200",
        "65, 384, 6, 6, 256, false, 10745088"
    })
    void hasThePublishedSizes(int vocab, int dim, int layers, int heads, int context, boolean bias, long size) {
        assertThat(ParameterLayout.of(gpt2(vocab, dim, layers, heads, context, bias))
                        .size())
                .isEqualTo(size);
    }

    @Test
    void hasNoGapsAndDecaysMatricesOnly() {
        for (ModelConfig config : TestModels.all()) {
            long end = 0;
            for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
                assertThat(spec.offset()).as(spec.name()).isEqualTo(end);
                assertThat(spec.decay()).as(spec.name()).isEqualTo(spec.shape().size() == 2);
                end = spec.end();
            }
        }
    }

    /** Twice the layers take twice the memory to lay out, and not four times: what is made is in proportion. */
    @Test
    void takesAsMuchForEachLayerHoweverManyThereAre() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] bytes = new long[3];
        for (int i = 0; i < bytes.length; i++) {
            ModelConfig config = gpt2(7, 4, 1000 << i, 1, 5, true);
            long before = threads.getCurrentThreadAllocatedBytes();
            assertThat(ParameterLayout.of(config).parts()).hasSize(config.numLayers() + 3);
            bytes[i] = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat((double) bytes[2] / bytes[1]).isLessThan(2.5);
    }

    @Test
    void joinsNeighbours() {
        ModelConfig config = TestModels.llama(false);
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters parameters = Parameters.allocate(ParameterLayout.of(config), arena);
            String p = "model.layers.1.self_attn.";
            List<String> qkv = List.of(p + "q_proj.weight", p + "k_proj.weight", p + "v_proj.weight");
            assertThat(parameters.joined(qkv).dim(0)).isEqualTo(16 + 8 + 8);
            parameters.get(qkv.get(2)).set(0, 5);
            assertThat(parameters.joined(qkv).get((16L + 8) * 12)).isEqualTo(5);
            assertThatThrownBy(() -> parameters.joined(List.of(qkv.get(0), qkv.get(2))))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void stagesStartAsTheWholeModelDoes() {
        ModelConfig config = TestModels.llama(false);
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters whole = Parameters.allocate(ParameterLayout.of(config), arena);
            whole.initialize(7);
            long size = 0;
            for (StageRange range : List.of(new StageRange(0, 1, true, false), new StageRange(1, 2, false, true))) {
                Parameters stage = Parameters.allocate(ParameterLayout.of(config, range), arena);
                stage.initialize(7);
                size += stage.layout().size();
                for (ParameterSpec spec : stage.layout().specs()) {
                    assertThat(stage.get(spec.name()).toArray())
                            .as(spec.name())
                            .isEqualTo(whole.get(spec.name()).toArray());
                }
            }
            assertThat(size).isEqualTo(whole.layout().size());
        }
    }

    /** GPT-2's scheme: standard deviation .02, .02 / sqrt(2 L) where a branch ends in the residual stream. */
    @Test
    void drawsGpt2sStandardDeviations() {
        ModelConfig config = gpt2(65, 128, 4, 4, 64, true);
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters parameters = Parameters.allocate(ParameterLayout.of(config), arena);
            parameters.initialize(1);
            assertDeviation(parameters, "h.2.mlp.c_fc.weight", 0.02);
            assertDeviation(parameters, "h.2.mlp.c_proj.weight", 0.02 / Math.sqrt(8));
            assertThat(parameters.get("h.0.ln_1.weight").toArray()).containsOnly(1);
            assertThat(parameters.get("h.0.attn.c_attn.bias").toArray()).containsOnly(0);
        }
    }

    private static void assertDeviation(Parameters parameters, String name, double expected) {
        double squares = 0;
        double sum = 0;
        float[] values = parameters.get(name).toArray();
        for (float value : values) {
            squares += (double) value * value;
            sum += value;
        }
        assertThat(Math.sqrt(squares / values.length)).as(name).isBetween(expected * 0.98, expected * 1.02);
        assertThat(Math.abs(sum / values.length)).as(name).isLessThan(expected * 0.02);
    }
}
