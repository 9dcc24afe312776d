package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ModelEngine;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;

/** A Llama-shaped model with random weights: small enough for tests, odd enough to show mistakes. */
final class TinyModel {
    static final ModelConfig CONFIG = new ModelConfig(
            "llama",
            97,
            48,
            2,
            6,
            2,
            8,
            112,
            64,
            NormKind.RMS,
            1e-5f,
            MlpKind.SWIGLU,
            PositionKind.ROTARY,
            10_000,
            false,
            false,
            0);
    static final String OWNER = "test.tiny-model";

    private TinyModel() {}

    static Parameters weights(TensorArena arena) {
        Parameters weights = Parameters.allocate(ParameterLayout.of(CONFIG), arena);
        weights.initialize(5);
        for (long i = 0; i < weights.flat().size(); i++) {
            weights.flat().set(i, weights.flat().get(i) * 8); // far from uniform, so that a wrong bit changes tokens
        }
        return weights;
    }

    static Engine load(EngineSettings settings) {
        return load(settings, "{}");
    }

    static Engine load(EngineSettings settings, String tokenizerJson) {
        TensorArena arena = TensorArena.open(OWNER);
        Parameters weights = weights(arena);
        ComputePool pool = settings.threads().open();
        ModelDescription description = new ModelDescription(
                "tiny",
                "random-5",
                CONFIG.contextLength(),
                CONFIG.vocabSize(),
                ServedTokenizer.parsed(tokenizerJson),
                "plain",
                0);
        return ModelEngine.create(
                settings,
                description,
                CONFIG,
                layer -> weights,
                KernelProviders.select(settings.backend(), settings.precision()).create(pool),
                pool,
                () -> {
                    pool.close();
                    arena.close();
                });
    }
}
