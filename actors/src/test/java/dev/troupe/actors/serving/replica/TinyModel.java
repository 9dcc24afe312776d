package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

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
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.ServedWeights;
import java.util.Objects;

/**
 * A Llama-shaped model with random weights: small enough for tests, odd enough to show mistakes. Where weights are
 * rounded to a type with blocks, it is one whose rows fill them: others would be served in another type.
 */
final class TinyModel {
    /** What a position takes in the cache is the same in all shapes, and so are vocabulary and context. */
    static final ModelConfig CONFIG = shape(48, 6, 112);

    static final String OWNER = "test.tiny-model";

    private TinyModel() {}

    private static ModelConfig shape(int dim, int numHeads, int ffnDim) {
        return new ModelConfig(
                "llama",
                97,
                dim,
                2,
                numHeads,
                2,
                8,
                ffnDim,
                64,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                false,
                false,
                0);
    }

    /** The shape that is served with these weights, every matrix of it in this type. */
    static ModelConfig config(StorageType weights) {
        ModelConfig config = switch (weights.blockElements()) {
            case 1 -> CONFIG;
            case 32 -> shape(64, 8, 96);
            default -> shape(256, 32, 256);
        };
        for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
            int k = spec.shape().getLast();
            if (spec.shape().size() == 2 && weights != StorageType.F32) {
                assertThat(ServedWeights.fitting(weights, k)).as(spec.name()).isEqualTo(weights);
            }
        }
        return config;
    }

    static Parameters weights(TensorArena arena) {
        return weights(CONFIG, arena);
    }

    private static Parameters weights(ModelConfig config, TensorArena arena) {
        Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
        weights.initialize(5);
        // Far from uniform, so that a wrong bit changes tokens; not so far that one token is certain.
        float scale = (float) (8 * Math.sqrt(48.0 / config.dim()));
        for (long i = 0; i < weights.flat().size(); i++) {
            weights.flat().set(i, weights.flat().get(i) * scale);
        }
        return weights;
    }

    static Engine load(EngineSettings settings) {
        return load(settings, "{}");
    }

    static Engine load(EngineSettings settings, String tokenizerJson) {
        return load(config(Objects.requireNonNull(settings.inference().weights())), settings, tokenizerJson);
    }

    static Engine load(ModelConfig config, EngineSettings settings) {
        return load(config, settings, "{}");
    }

    /** Tests say how much keys and values may take; the rows of a step are beside that. */
    private static EngineSettings withRows(EngineSettings settings, ModelConfig config) {
        long rows = ModelPart.whole(config).rowBytes(settings.maxBatchTokens(), settings.maxRunning());
        return new EngineSettings(
                settings.backend(),
                settings.precision(),
                settings.inference(),
                settings.threads(),
                settings.maxBatchTokens(),
                settings.maxRunning(),
                settings.kvCacheBytes() + rows,
                settings.memory(),
                settings.draftModel(),
                settings.layouts());
    }

    private static Engine load(ModelConfig config, EngineSettings settings, String tokenizerJson) {
        TensorArena arena = TensorArena.open(OWNER);
        Parameters weights = weights(config, arena);
        ComputePool pool = settings.threads().open();
        ModelDescription description = new ModelDescription(
                "tiny",
                "random-5",
                config.contextLength(),
                config.vocabSize(),
                ServedTokenizer.parsed(tokenizerJson),
                "plain",
                0);
        return ModelEngine.create(
                withRows(settings, config),
                description,
                config,
                layer -> weights,
                KernelProviders.select(settings.backend(), settings.precision()).create(pool),
                pool,
                () -> {
                    pool.close();
                    arena.close();
                });
    }
}
