package dev.troupe.actors.serving.engine;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.format.LoadedModel;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.nio.file.Path;
import java.time.Instant;

/**
 * Loads a model directory for serving, with kernels on threads of the engine's own. The float32 weights are freed once
 * the engine has laid them out in its own way.
 *
 * @param modelId the name that users ask for
 * @param chatTemplate name of the template that turns messages into a prompt
 */
public record ModelDirectoryLoader(EngineSettings settings, String modelId, String chatTemplate, Path directory)
        implements EngineLoader {

    @Override
    public Engine load() {
        try (TensorArena arena = TensorArena.open("serving.loading")) {
            LoadedModel loaded = ModelDirectory.load(directory, arena);
            int threads = settings.threads() > 0
                    ? settings.threads()
                    : Runtime.getRuntime().availableProcessors();
            ComputePool pool = FixedComputePool.create(threads);
            try {
                return ModelEngine.create(
                        settings,
                        describe(loaded),
                        loaded.config(),
                        loaded.weights(),
                        NodeKernels.create(settings.backend(), settings.precision(), pool),
                        pool,
                        pool::close);
            } catch (RuntimeException e) {
                pool.close();
                throw e;
            }
        }
    }

    private ModelDescription describe(LoadedModel loaded) {
        return new ModelDescription(
                modelId,
                loaded.version(),
                loaded.config().contextLength(),
                loaded.config().vocabSize(),
                TokenizerJson.toJson(loaded.tokenizer()),
                chatTemplate,
                Instant.now().getEpochSecond());
    }
}
