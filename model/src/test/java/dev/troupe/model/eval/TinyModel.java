package dev.troupe.model.eval;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.tokenizer.Tokenizer;

/** The model of the tests of this package. */
final class TinyModel {
    private TinyModel() {}

    /** One layer of width 16, a context of 16. */
    static ModelConfig config(Tokenizer tokenizer) {
        return new ModelConfig(
                "llama",
                tokenizer.vocabSize(),
                16,
                1,
                2,
                1,
                8,
                24,
                16,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
    }
}
