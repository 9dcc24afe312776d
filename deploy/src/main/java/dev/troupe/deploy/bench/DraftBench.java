package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.DraftingEngine;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ModelEngine;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.model.bench.InferenceShape;
import dev.troupe.model.bench.RandomWeights;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a draft model costs and gives, with random weights: of the same shape as the model, when each guess holds, or of
 * a smaller one, when hardly any does. One greedy answer at a time.
 */
public final class DraftBench {
    private static final int PROMPT = 32;
    private static final int ANSWER = 48;
    private static final int CONTEXT = 128;
    private static final int MAX_DRAFT = 8;
    private static final int ROUNDS = 3;
    private static final int BLOCKS = CONTEXT / 16;

    /** Tokens a second of the median round; {@code same} when both answers are equal. */
    public record Report(
            String shape,
            String draft,
            double plainTokensPerSecond,
            double tokensPerSecond,
            long numDrafted,
            long numAccepted,
            int plainSteps,
            int steps,
            boolean same) {}

    private record Run(double tokensPerSecond, EngineLoop loop) {}

    private DraftBench() {}

    /**
     * Measures.
     *
     * @param kernels on the threads of {@code pool}
     */
    public static Report run(
            InferenceShape shape,
            InferenceShape draft,
            InferenceSettings inference,
            Kernels kernels,
            ComputePool pool) {
        Run plain;
        try (Engine engine = engine(shape, inference, kernels, pool)) {
            plain = measure(engine, SchedulingOptions.PLAIN);
        }
        ModelConfig small = draft.withVocabularyOf(shape).config().withContextLength(CONTEXT);
        InferenceModel guessing;
        try (RandomWeights weights = new RandomWeights(small)) {
            guessing = InferenceModel.create(
                    small,
                    weights,
                    kernels,
                    decided(inference, small, kernels).options(kernels, pool),
                    BLOCKS,
                    CONTEXT);
        }
        try (Engine engine = DraftingEngine.of(engine(shape, inference, kernels, pool), guessing)) {
            Run run = measure(engine, new SchedulingOptions(false, inference.promptsApart(), MAX_DRAFT, true));
            return new Report(
                    shape.label(),
                    draft.label(),
                    plain.tokensPerSecond(),
                    run.tokensPerSecond(),
                    run.loop().policy().numDrafted(),
                    run.loop().policy().numDraftsAccepted(),
                    plain.loop().numSteps(),
                    run.loop().numSteps(),
                    tokens(run.loop()).equals(tokens(plain.loop())));
        }
    }

    private static InferenceSettings decided(InferenceSettings settings, ModelConfig config, Kernels kernels) {
        return settings.decided(config, name -> StorageType.F32, kernels); // which random weights are
    }

    private static Engine engine(InferenceShape shape, InferenceSettings inference, Kernels kernels, ComputePool pool) {
        ModelConfig config = shape.config().withContextLength(CONTEXT);
        EngineSettings settings = new EngineSettings(
                kernels.name(),
                Precision.FP32,
                decided(inference, config, kernels),
                pool.threads(),
                CONTEXT,
                1,
                1L << 40);
        ModelDescription description = new ModelDescription(
                shape.label(), "random", CONTEXT, config.vocabSize(), ServedTokenizer.parsed("{}"), "plain", 0);
        try (RandomWeights weights = new RandomWeights(config)) {
            return ModelEngine.create(settings, description, config, weights, kernels, pool, () -> {});
        }
    }

    /** The median rate after the first round, which compiles, and the last round. */
    private static Run measure(Engine engine, SchedulingOptions options) {
        double[] rates = new double[ROUNDS];
        EngineLoop loop = null;
        for (int round = -1; round < ROUNDS; round++) {
            loop = new EngineLoop(
                    new SchedulingPolicy(new SchedulingLimits(CONTEXT, 1, 1, CONTEXT, BLOCKS), options), engine);
            loop.offer(new LoadRequest(Map.of())
                    .of(
                            "bench",
                            IntStream.range(0, PROMPT)
                                    .map(i -> i * 7 + 3)
                                    .boxed()
                                    .toList(),
                            ANSWER));
            loop.step(); // reads the prompt
            int before = loop.answer(0).size();
            long start = System.nanoTime();
            loop.run();
            double seconds = (System.nanoTime() - start) / 1e9;
            if (round >= 0) {
                rates[round] = (ANSWER - before) / seconds;
            }
        }
        Arrays.sort(rates);
        return new Run(rates[ROUNDS / 2], java.util.Objects.requireNonNull(loop));
    }

    private static List<Integer> tokens(EngineLoop loop) {
        return loop.answer(0).stream().map(SampledToken::token).toList();
    }
}
