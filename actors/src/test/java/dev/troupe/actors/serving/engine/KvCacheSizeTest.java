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

    private static EngineSettings cache(long bytes) {
        return new EngineSettings("auto", Precision.FP32, 1, 16, 4, bytes);
    }

    @Test
    void aCacheThatTheMachineHasNoRoomForIsTold() {
        assertThat(KvCacheSize.tooMuch(600, 400, 1000)).isEmpty();
        assertThat(KvCacheSize.tooMuch(600, 401, 1000))
                .hasValueSatisfying(message -> assertThat(message).contains("401", "600", "1000", "kvCache"));
    }

    @Test
    void aContextThatDoesNotFitIsCutToWhatDoes() {
        ModelConfig large = model(PositionKind.ROTARY, 131_072);
        EngineSettings settings = cache(4_000 * TOKEN);
        ModelConfig served = KvCacheSize.fitting(large, settings, KvCacheSize.blockBytes(large, StorageType.F32));
        assertThat(served).isEqualTo(large.withContextLength(4_000));
        assertThat(KvCacheSize.numBlocks(served, settings, KvCacheSize.blockBytes(served, StorageType.F32)))
                .isEqualTo(250);
    }

    @Test
    void aContextThatFitsStays() {
        ModelConfig small = model(PositionKind.ROTARY, 512);
        EngineSettings settings = cache(100_000 * TOKEN);
        assertThat(KvCacheSize.fitting(small, settings, KvCacheSize.blockBytes(small, StorageType.F32)))
                .isSameAs(small);
        assertThat(KvCacheSize.numBlocks(small, settings, KvCacheSize.blockBytes(small, StorageType.F32)))
                .isEqualTo(4 * 512 / 16);
    }

    @Test
    void aCacheOfAlmostNothingIsRefused() {
        for (PositionKind positions : PositionKind.values()) {
            ModelConfig large = model(positions, 131_072);
            EngineSettings settings = cache(100 * TOKEN);
            assertThat(KvCacheSize.fitting(large, settings, KvCacheSize.blockBytes(large, StorageType.F32)))
                    .isSameAs(large);
            assertThatThrownBy(() ->
                            KvCacheSize.numBlocks(large, settings, KvCacheSize.blockBytes(large, StorageType.F32)))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("cannot hold one context of 131072 tokens");
        }
    }
}
