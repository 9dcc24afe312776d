package dev.troupe.actors.serving.engine;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.ChatTemplate;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads an engine from a model's file or directory, with compute threads of its own. The files are closed once the
 * engine has laid the weights out in its own way.
 *
 * @param modelId the name that users ask for
 * @param chatTemplate name of the template that turns messages into a prompt
 */
public record DirectoryLoader(EngineSettings settings, String modelId, String chatTemplate, Path directory)
        implements EngineLoader {

    @Override
    public Engine load() {
        int threads = settings.threads() == 0 ? Runtime.getRuntime().availableProcessors() : settings.threads();
        ComputePool pool = FixedComputePool.create(threads);
        try (OpenModel model = ModelFiles.open(directory);
                @Nullable OpenModel draft =
                                settings.draftModel().map(ModelFiles::open).orElse(null)) {
            return load(model, draft, pool);
        } catch (RuntimeException | Error e) {
            pool.close();
            throw e;
        }
    }

    private Engine load(OpenModel model, @Nullable OpenModel draft, ComputePool pool) {
        long blockBytes = KvCacheSize.blockBytes(model.config());
        if (draft != null) {
            DraftLoader.requireSameVocabulary(draft, model);
            blockBytes += KvCacheSize.blockBytes(draft.config());
        }
        ModelConfig config = KvCacheSize.fitting(model.config(), settings, blockBytes);
        int numKvBlocks = KvCacheSize.numBlocks(config, settings, blockBytes);
        Kernels kernels = NodeKernels.create(settings.backend(), settings.precision(), pool);
        if (draft == null) {
            return target(model, config, kernels, pool, numKvBlocks);
        }
        ModelConfig draftConfig = DraftLoader.fitting(draft, config.contextLength());
        DraftModel guesses = DraftLoader.load(draft, draftConfig, settings, kernels, pool, numKvBlocks);
        try {
            return new DraftingEngine(target(model, config, kernels, pool, numKvBlocks), guesses);
        } catch (RuntimeException | Error e) {
            guesses.close();
            throw e;
        }
    }

    private Engine target(OpenModel model, ModelConfig config, Kernels kernels, ComputePool pool, int numKvBlocks) {
        return ModelEngine.create(
                settings,
                describe(model, config),
                config,
                layer -> model.weights(),
                kernels,
                pool,
                numKvBlocks,
                pool::close);
    }

    private ModelDescription describe(OpenModel model, ModelConfig config) {
        ChatTemplate template = ChatTemplate.forModel(chatTemplate, model.chatTemplate());
        try {
            return new ModelDescription(
                    modelId,
                    model.version(),
                    config.contextLength(),
                    config.vocabSize(),
                    TokenizerJson.toWire(model.tokenizer()),
                    template.name(),
                    Files.getLastModifiedTime(directory).toInstant().getEpochSecond(),
                    template.isModelsOwn() ? model.chatTemplate().orElse("") : "");
        } catch (IOException e) {
            throw new TroupeException(directory + " cannot be read: " + e.getMessage(), e);
        }
    }
}
