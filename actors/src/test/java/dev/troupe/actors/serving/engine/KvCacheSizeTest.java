package dev.troupe.actors.serving.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tensor.StorageType;
import org.junit.jupiter.api.Test;

class KvCacheSizeTest {
    private static final long TOKEN = 2L * 2 * 16 * 2 * 4; // keys and values, heads, width, layers, bytes

    private static final long ROWS = 5 * TOKEN + 12;

    private static ModelConfig model(PositionKind positions, int contextLength) {
        return new ModelConfig(
                "llama",
                100,
                64,
                2,
                4,
                2,
                16,
                64,
                contextLength,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                positions,
                10_000,
                true,
                false,
                0);
    }

    private static KvCacheSize cache(ModelConfig model, long bytes) {
        return KvCacheSize.of(
                new EngineSettings("auto", Precision.FP32, 1, 16, 4, bytes),
                KvCacheSize.blockBytes(model, StorageType.F32),
                ROWS);
    }

    @Test
    void itIsAtMostWhatTheWeightsLeave() {
        ModelConfig small = model(PositionKind.ROTARY, 512);
        ServingMemory memory = ServingMemory.of(ROWS + 2_000 * TOKEN);
        KvCacheSize configured = cache(small, ROWS + 1_000 * TOKEN);
        assertThat(configured.within(memory.beside(1_000 * TOKEN, "m"), memory)).isSameAs(configured);
        assertThat(configured.within(memory.beside(1_400 * TOKEN, "m"), memory).numBlocks(small))
                .isEqualTo(600 / 16);
        assertThatThrownBy(() -> configured
                        .within(memory.beside(1_500 * TOKEN, "m"), memory)
                        .numBlocks(small))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("what weights leave of the memory that troupe.serving.memory allows ("
                        + (ROWS + 500 * TOKEN) + " bytes) cannot hold one context of 512 tokens: at least "
                        + (ROWS + 512 * TOKEN) + " bytes are needed, " + ROWS + " of them for the rows of a step");
    }

    @Test
    void aContextThatDoesNotFitIsCutToWhatDoes() {
        ModelConfig large = model(PositionKind.ROTARY, 131_072);
        KvCacheSize cache = cache(large, ROWS + 4_000 * TOKEN);
        ModelConfig served = cache.fitting(large);
        assertThat(served).isEqualTo(large.withContextLength(4_000));
        assertThat(cache.numBlocks(served)).isEqualTo(250);
        assertThat(cache(large, ROWS + 4_000 * TOKEN - 1).fitting(large).contextLength())
                .isEqualTo(4_000 - 16);
    }

    @Test
    void aContextThatFitsStays() {
        ModelConfig small = model(PositionKind.ROTARY, 512);
        KvCacheSize cache = cache(small, 100_000 * TOKEN);
        assertThat(cache.fitting(small)).isSameAs(small);
        assertThat(cache.numBlocks(small)).isEqualTo(4 * 512 / 16);
    }

    @Test
    void rowsThatAreMoreThanAllAreRefused() {
        ModelConfig small = model(PositionKind.ROTARY, 512);
        assertThatThrownBy(() -> cache(small, ROWS - 1).numBlocks(small))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("at least " + (ROWS + 512 * TOKEN) + " bytes are needed");
    }

    @Test
    void aCacheOfAlmostNothingIsRefused() {
        for (PositionKind positions : PositionKind.values()) {
            ModelConfig large = model(positions, 131_072);
            KvCacheSize cache = cache(large, 100 * TOKEN);
            assertThat(cache.fitting(large)).isSameAs(large);
            assertThatThrownBy(() -> cache.numBlocks(large))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("troupe.serving.kvCache (" + 100 * TOKEN
                            + " bytes) cannot hold one context of 131072 tokens");
        }
    }
}
