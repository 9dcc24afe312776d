package dev.troupe.actors.serving.engine;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.model.Background;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.ChatTemplate;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.format.layouts.DamagedLayoutsException;
import dev.troupe.model.format.layouts.KeptLayouts;
import dev.troupe.model.format.layouts.LateLayouts;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.NotEnoughMemoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads an engine from a model's file or directory, with compute threads of its own. The files are closed then; pages
 * of weights that are laid out later, and of the token table, stay mapped.
 *
 * @param modelId the name that users ask for
 * @param chatTemplate name of the template that turns messages into a prompt
 * @param layout where the model comes to lie
 */
public record DirectoryLoader(
        EngineSettings settings, String modelId, String chatTemplate, Path directory, ModelLayout layout)
        implements EngineLoader {

    private static final Logger LOG = LoggerFactory.getLogger(DirectoryLoader.class);
    private static final Duration FIRST_ANSWERS = Duration.ofSeconds(3);

    /** All of the model in this process. */
    public DirectoryLoader(EngineSettings settings, String modelId, String chatTemplate, Path directory) {
        this(settings, modelId, chatTemplate, directory, ModelLayout.WHOLE);
    }

    @Override
    public Engine load() {
        LoadTimes times = new LoadTimes();
        Engine engine = load(times);
        LOG.info("{} was loaded in {}", directory, times);
        return engine;
    }

    /**
     * As {@link #load()}.
     *
     * @param times gets "file" (header, configuration and tokenizer, and kept layouts, where there are), "products"
     *     (their check, where rows or prompts are rounded), "draft" (a draft model, where there is one), "weights"
     *     (layout and cache), what was left then of the work beside it: "kernels" (their check) and "version" (reading
     *     the weights for their checksum), and "layouts" (writing them for the next load, where they are kept)
     */
    public Engine load(LoadTimes times) {
        try {
            return loadOnce(times);
        } catch (DamagedLayoutsException e) {
            LOG.warn("{} is loaded again: {}", directory, e.getMessage());
            return loadOnce(times);
        }
    }

    private Engine loadOnce(LoadTimes times) {
        ComputePool pool =
                settings.threads().open(layout.threads(settings.threads().count()));
        List<Background<Set<KernelUse>>> first = Stream.of(
                        KernelUse.servingAny(), settings.inference().products())
                .filter(uses -> !uses.isEmpty())
                .map(uses -> Background.start("troupe-kernel-check", () -> check(pool.threads(), uses)))
                .toList();
        try {
            Optional<KeptLayouts.Place> place = times.measure(
                    "file",
                    () -> settings.layouts().map(kept -> KeptLayouts.place(kept, directory, settings.layoutKey())));
            return opened(pool, first, place, times);
        } catch (NotEnoughMemoryException e) {
            pool.close();
            throw e.withRemedy(
                    directory + " needs less with rounded weights (--weights q8_0 or q4_0), and with a smaller"
                            + " troupe.serving.kvCache (" + settings.kvCacheBytes()
                            + " bytes), which serves fewer requests at once or a shorter context");
        } catch (RuntimeException | Error e) {
            pool.close();
            throw e;
        }
    }

    private Engine opened(
            ComputePool pool,
            List<Background<Set<KernelUse>>> first,
            Optional<KeptLayouts.Place> place,
            LoadTimes times) {
        try (OpenModel files = times.measure("file", () -> ModelFiles.open(directory));
                @Nullable OpenModel draft =
                                settings.draftModel().map(ModelFiles::open).orElse(null)) {
            Optional<KeptLayouts> layouts = times.measure("file", () -> place.map(before -> before.of(files)));
            if (layouts.isEmpty()) {
                return loadLate(files, draft, pool, first, times);
            }
            Engine engine = load(layouts.get().model(), draft, pool, first, times);
            keep(layouts.get(), engine, times);
            layouts.filter(KeptLayouts::areFound).ifPresent(DirectoryLoader::takeIn);
            return engine;
        }
    }

    private Engine loadLate(
            OpenModel files,
            @Nullable OpenModel draft,
            ComputePool pool,
            List<Background<Set<KernelUse>>> first,
            LoadTimes times) {
        LateLayouts late = new LateLayouts(files.path());
        Engine engine = load(late.of(files), draft, pool, first, times);
        if (late.isEmpty()) {
            return engine;
        }
        late.start(FIRST_ANSWERS);
        return new LateEngine(engine, late);
    }

    /** Who waited for the model is answered first: until then compilers want all of the processors. */
    private static void takeIn(KeptLayouts layouts) {
        Thread.ofPlatform().daemon().name("troupe-layouts").start(() -> {
            try {
                Thread.sleep(FIRST_ANSWERS);
                layouts.takeIn();
            } catch (InterruptedException _) {
                LOG.info("{} stays mapped", layouts.file());
            }
        });
    }

    private static void keep(KeptLayouts layouts, Engine engine, LoadTimes times) {
        try {
            times.measure("layouts", () -> {
                layouts.keep(engine.description().version());
                return layouts;
            });
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
    }

    /** @param first what is checked for every model */
    private Engine load(
            OpenModel model,
            @Nullable OpenModel draft,
            ComputePool pool,
            List<Background<Set<KernelUse>>> first,
            LoadTimes times) {
        long blockBytes = layout.blockBytes(model.config(), settings.inference().cache());
        long rowBytes = layout.rowBytes(model.config(), settings);
        if (draft != null) {
            DraftLoader.requireSameVocabulary(draft, model);
            blockBytes +=
                    KvCacheSize.blockBytes(draft.config(), settings.inference().cache());
            rowBytes += ModelLayout.WHOLE.rowBytes(draft.config(), settings);
        }
        Kernels kernels = NodeKernels.create(settings.backend(), settings.precision(), pool, Set.of());
        EngineSettings decided = settings.decided(model, kernels);
        EngineSettings ofDraft = draft == null ? decided : settings.decided(draft, kernels);
        long weightBytes = layout.weightBytes(model, decided)
                + (draft == null ? 0 : ModelLayout.WHOLE.weightBytes(draft, ofDraft));
        KvCacheSize cache = KvCacheSize.of(settings, blockBytes, rowBytes)
                .within(settings.memory().beside(weightBytes, directory), settings.memory());
        ModelConfig config = cache.fitting(model.config());
        int numKvBlocks = cache.numBlocks(config);
        Set<KernelUse> uses = new HashSet<>(decided.uses(model));
        if (draft != null) {
            uses.addAll(ofDraft.uses(draft));
        }
        Beside beside = new Beside(
                Background.start("troupe-model-version", model::version),
                Background.start("troupe-model-kernel-check", () -> {
                    first.forEach(Background::result);
                    return check(pool.threads(), uses);
                }));
        // Nothing is answered before they are checked. Which products there are beside them is known after a check.
        times.measure("products", () -> {
            Set<KernelUse> products = new HashSet<>(uses);
            products.retainAll(KernelUse.beside());
            NodeKernels.require(kernels, pool, products);
            return kernels;
        });
        if (draft == null) {
            return target(decided, model, beside, config, kernels, pool, numKvBlocks, times);
        }
        ModelConfig draftConfig = DraftLoader.fitting(draft, config.contextLength());
        DraftModel guesses = times.measure(
                "draft",
                () -> DraftLoader.load(draft, draftConfig, config.vocabSize(), ofDraft, kernels, pool, numKvBlocks));
        try {
            return new DraftingEngine(
                    target(decided, model, beside, config, kernels, pool, numKvBlocks, times), guesses);
        } catch (RuntimeException | Error e) {
            guesses.close();
            throw e;
        }
    }

    /** Compares kernels like those that compute with the reference, in all that is asked of them. */
    private Set<KernelUse> check(int threads, Set<KernelUse> uses) {
        NodeKernels.check(settings.backend(), settings.precision(), threads, uses);
        return uses;
    }

    private Engine target(
            EngineSettings decided,
            OpenModel model,
            Beside beside,
            ModelConfig config,
            Kernels kernels,
            ComputePool pool,
            int numKvBlocks,
            LoadTimes times) {
        ChatTemplate template = ChatTemplate.forModel(chatTemplate, model.templates());
        StepExecutor laidOut = times.measure(
                "weights",
                () -> layout.lay(new ModelLayout.Target(
                        decided, model, config, () -> beside.version().result(), kernels, pool, numKvBlocks)));
        try {
            times.measure("kernels", () -> beside.check().result());
            ModelDescription description = times.measure(
                    "version",
                    () -> describe(model, config, beside.version().result(), template, decided.arithmetic(kernels)));
            return new ModelEngine(description, laidOut);
        } catch (RuntimeException | Error e) {
            laidOut.close();
            throw e;
        }
    }

    /**
     * Work that nothing waits for until the weights are laid out.
     *
     * @param version a checksum of all weights: reading them takes as long as laying them out
     * @param check of kernels: one thread's work, most of which is waiting for the compiler
     */
    private record Beside(Background<String> version, Background<Set<KernelUse>> check) {}

    private ModelDescription describe(
            OpenModel model, ModelConfig config, String version, ChatTemplate template, String arithmetic) {
        try {
            return new ModelDescription(
                    modelId,
                    version,
                    config.contextLength(),
                    config.vocabSize(),
                    ServedTokenizer.of(model.tokenizer()),
                    template.name(),
                    Files.getLastModifiedTime(directory).toInstant().getEpochSecond(),
                    template.isModelsOwn() ? model.templates() : TemplateTexts.NONE,
                    model.sampling(),
                    arithmetic);
        } catch (IOException e) {
            throw new TroupeException(directory + " cannot be read: " + e.getMessage(), e);
        }
    }
}
