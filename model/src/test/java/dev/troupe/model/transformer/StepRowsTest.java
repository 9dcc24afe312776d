package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.parallel.PartLinks;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepRowsTest {
    private static ModelConfig model(MlpKind mlp, int ffnDim) {
        return new ModelConfig(
                "llama",
                301,
                64,
                2,
                8,
                4,
                16,
                ffnDim,
                64,
                NormKind.RMS,
                1e-5f,
                mlp,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
    }

    /** An MLP that is wider than attention and one that is not, as both have one memory in turns. */
    @ParameterizedTest
    @CsvSource({"SWIGLU, 768", "SWIGLU, 96", "GELU, 500"})
    void bytesAreWhatIsAllocated(MlpKind mlp, int ffnDim) {
        ModelConfig config = model(mlp, ffnDim);
        for (int stages : new int[] {1, 2}) {
            for (int shards : new int[] {1, 3}) {
                for (int stage = 0; stage < stages; stage++) {
                    for (int shard = 0; shard < shards; shard++) {
                        ModelPart part = ModelPart.of(config, stage, stages, shard, shards);
                        try (TensorArena arena = TensorArena.open("test.rows")) {
                            StepRows rows = StepRows.allocate(part, 24, arena);
                            StepRows.exchange(PartLinks.alone(), part, 24, arena);
                            assertThat(part.rowBytes(24, 24))
                                    .as(part.toString())
                                    .isEqualTo(arena.bytes());
                            Tensor logits = rows.logits();
                            assertThat(part.rowBytes(24, 24) - part.rowBytes(24, 4))
                                    .isEqualTo(logits == null ? 0 : logits.dim(1) * 20L * Float.BYTES);
                        }
                    }
                }
            }
        }
    }
}
