package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplicaSettingsTest {
    @Test
    void theDefaultsAreValid() {
        ReplicaSettings settings = ReplicaSettings.from(ConfigFactory.load());
        assertThat(settings.engine().maxRunning()).isEqualTo(16);
        assertThat(settings.engine().kvCacheBytes()).isEqualTo(1L << 30);
        assertThat(settings.reuse()).isEqualTo(new ReuseSettings(true, 0));
        Config guessing = ConfigFactory.parseString("troupe.serving { speculation = ngram, prefixCache = false }");
        assertThat(ReplicaSettings.from(guessing.withFallback(ConfigFactory.load()))
                        .reuse())
                .isEqualTo(new ReuseSettings(false, 12));
    }

    @ParameterizedTest
    @CsvSource({
        "memory = -1, memory",
        "maxRunning = 0, troupe.serving.maxRunning (0) must be at least 1",
        "maxBatchTokens = 3, troupe.serving.maxBatchTokens (3) must be at least maxRunning",
        "maxQueued = -1, troupe.serving.maxQueued",
        "threads = many, threads",
        "kvCache = lots, kvCache",
        "speculation = on, 'troupe.serving.speculation (on) must be one of [off, ngram, draft]'",
        "maxQueuedPerClient = 0, troupe.serving.maxQueuedPerClient (0) must be at least 1",
        "streamInterval = -1 s, troupe.serving.streamInterval (PT-1S) must be at least 0",
        "successorWait = -1 s, troupe.serving.successorWait (PT-1S) must be at least 0",
        "speculation = draft, troupe.serving.draftModel",
        "maxDraft = 0, troupe.serving.maxDraft (0) must be at least 1",
        "weights = q5_0, 'troupe.serving.weights (q5_0) must be one of [stored, f32, f16, bf16, q8_0, q4_0, q4_k, q6_k]'",
        "prefill = fast, 'troupe.serving.prefill (fast) must be one of [auto, exact, bf16, int8, int8_copy]'",
        "decode = fast, 'troupe.serving.decode (fast) must be one of [auto, exact, blocks, int8]'",
        "'decode = int8, troupe.serving.prefill = exact', 'decode = int8 needs prefill = int8 or int8_copy, not exact'",
        "modelId = \" \", troupe.serving.modelId"
    })
    void aWrongValueIsNamed(String line, String message) {
        Config config = ConfigFactory.parseString("troupe.serving." + line.replace(", ", "\n"))
                .withFallback(ConfigFactory.load());
        assertThatThrownBy(() -> ReplicaSettings.from(config))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(message);
    }
}
