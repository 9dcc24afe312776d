package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Embedded;
import dev.troupe.actors.serving.GenerationEvent.PromptScored;
import dev.troupe.actors.serving.GenerationEvent.ScoredPromptToken;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Embeddings and log-probabilities of prompts: the same bits alone, among others, in chunks and after a preemption. */
class PromptOutputTest {
    private static final long SEED = 12;
    private static final ModelConfig CONFIG = TinyModel.CONFIG;

    private static EngineSettings settings(int maxBatchTokens) {
        return new EngineSettings("auto", Precision.FP32, 1, maxBatchTokens, 8, 1 << 20);
    }

    private static SchedulingPolicy policy(int maxBatchTokens, int numKvBlocks, SchedulingOptions options) {
        return new SchedulingPolicy(
                new SchedulingLimits(maxBatchTokens, 8, 40, CONFIG.contextLength(), numKvBlocks), options);
    }

    /**
     * Every third an embedding, every third scored and continued, every third continued only; some the whole context.
     */
    private static List<GenerationRequest> requests() {
        Random random = new Random(SEED);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 18; i++) {
            int length = i == 6 ? CONFIG.contextLength() : 1 + random.nextInt(40);
            List<Integer> prompt =
                    random.ints(length, 0, CONFIG.vocabSize()).boxed().toList();
            PromptOutput output = List.of(PromptOutput.EMBEDDING, PromptOutput.LOG_PROBS, PromptOutput.NONE)
                    .get(i % 3);
            int maxTokens = output == PromptOutput.EMBEDDING || i == 4 ? 0 : 12;
            requests.add(new GenerationRequest("r" + i, prompt, maxTokens, List.of(), Requests.sampling(1, i, 2), 0)
                    .telling(output));
        }
        return requests;
    }

    /** What was told of each prompt, pieces joined; what was told again must be what was told first. */
    private static List<Object> told(EngineLoop loop, long arrival) {
        List<Object> told = new ArrayList<>();
        for (GenerationEvent event : loop.promptEvents(arrival)) {
            if (event instanceof PromptScored scored) {
                for (int i = 0; i < scored.tokens().size(); i++) {
                    int index = scored.firstPosition() - 1 + i;
                    if (index < told.size()) {
                        assertThat(scored.tokens().get(i)).isEqualTo(told.get(index));
                    } else {
                        assertThat(index).isEqualTo(told.size());
                        told.add(scored.tokens().get(i));
                    }
                }
            } else {
                told.add(((Embedded) event).embedding());
            }
        }
        return told;
    }

    @ParameterizedTest
    @CsvSource({"64,32,false,0", "64,32,true,0", "20,9,false,0", "20,9,true,6"})
    void amongOthersAsAlone(int maxBatchTokens, int numKvBlocks, boolean prefixCache, int maxDraft) {
        List<GenerationRequest> requests = requests();
        try (Engine engine = TinyModel.load(settings(64))) {
            SchedulingPolicy policy =
                    policy(maxBatchTokens, numKvBlocks, new SchedulingOptions(prefixCache, false, maxDraft));
            EngineLoop together = new EngineLoop(policy, engine);
            requests.forEach(together::offer);
            requests.forEach(together::offer); // the second time with a warm cache
            together.run();
            assertThat(policy.numUsedBlocks()).isZero();
            for (int i = 0; i < requests.size(); i++) {
                EngineLoop alone = new EngineLoop(policy(64, 32, SchedulingOptions.PLAIN), engine);
                alone.offer(requests.get(i));
                alone.run();
                List<Object> expected = told(alone, 0);
                assertThat(expected)
                        .hasSize(
                                switch (requests.get(i).promptOutput()) {
                                    case NONE -> 0;
                                    case EMBEDDING -> 1;
                                    case LOG_PROBS ->
                                        requests.get(i).promptTokens().size() - 1;
                                });
                for (long arrival : new long[] {i, i + requests.size()}) {
                    assertThat(told(together, arrival))
                            .as("request %d, seed %d", i, SEED)
                            .isEqualTo(expected);
                    assertThat(together.answer(arrival)).isEqualTo(alone.answer(0));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,0", "2,0", "64,0", "40,5"})
    void logProbabilitiesAreThoseOfTraining(int length, int maxTokens) {
        List<Integer> prompt =
                new Random(SEED).ints(length, 0, CONFIG.vocabSize()).boxed().toList();
        GenerationRequest request = new GenerationRequest(
                        "r", prompt, maxTokens, List.of(), Requests.sampling(0, 0, 0), 0)
                .telling(PromptOutput.LOG_PROBS);
        List<Double> served;
        try (Engine engine = TinyModel.load(settings(16))) {
            EngineLoop loop = new EngineLoop(policy(16, 8, SchedulingOptions.PLAIN), engine);
            loop.offer(request);
            loop.run();
            served = told(loop, 0).stream()
                    .map(token -> ((ScoredPromptToken) token).logProb())
                    .toList();
        }
        assertThat(served).hasSize(length - 1);
        int[] inputs = prompt.stream().mapToInt(Integer::intValue).toArray();
        int[] targets = new int[length];
        System.arraycopy(inputs, 1, targets, 0, length - 1);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1);
                TrainingStage stage = new TrainingStage(
                        CONFIG,
                        StageRange.whole(CONFIG),
                        KernelProviders.select("auto", Precision.FP32).create(pool),
                        TinyModel.weights(arena),
                        null,
                        1,
                        length)) {
            double[] trained = stage.logProbs(inputs, length, targets);
            for (int i = 0; i < length - 1; i++) {
                assertThat(served.get(i)).as("token %d", i + 1).isEqualTo(trained[i]);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "33"})
    void anEmbeddingHasLengthOneAndDependsOnEveryToken(int length) {
        List<Integer> prompt =
                new Random(SEED).ints(length, 0, CONFIG.vocabSize()).boxed().toList();
        List<Integer> other = new ArrayList<>(prompt);
        other.set(0, (prompt.getFirst() + 1) % CONFIG.vocabSize());
        try (Engine engine = TinyModel.load(settings(16))) {
            EngineLoop loop = new EngineLoop(policy(16, 8, SchedulingOptions.PLAIN), engine);
            for (List<Integer> tokens : List.of(prompt, other)) {
                loop.offer(new GenerationRequest("r", tokens, 0, List.of(), Requests.GREEDY, 0)
                        .telling(PromptOutput.EMBEDDING));
            }
            loop.run();
            List<Float> vector = ((Embedded) loop.promptEvents(0).getFirst()).embedding();
            assertThat(vector).hasSize(CONFIG.dim());
            assertThat(vector.stream().mapToDouble(x -> (double) x * x).sum()).isCloseTo(1, within(1e-6));
            assertThat(((Embedded) loop.promptEvents(1).getFirst()).embedding()).isNotEqualTo(vector);
            double[] mean = meanOfHiddenStates(prompt);
            for (int i = 0; i < mean.length; i++) {
                assertThat((double) vector.get(i)).isCloseTo(mean[i], within(1e-6));
            }
        }
    }

    /** Of a pass over the whole prompt, all tokens weighing the same; scaled to length 1. */
    private static double[] meanOfHiddenStates(List<Integer> prompt) {
        int rows = prompt.size();
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1);
                InferenceModel model = InferenceModel.create(
                        CONFIG,
                        TinyModel.weights(arena),
                        KernelProviders.select("scalar").create(pool),
                        CONFIG.contextLength() / KvBlocks.BLOCK_TOKENS,
                        CONFIG.contextLength())) {
            int[][] tables = new int[rows][];
            Arrays.fill(
                    tables,
                    IntStream.range(0, CONFIG.contextLength() / KvBlocks.BLOCK_TOKENS)
                            .toArray());
            boolean[] wantHidden = new boolean[rows];
            Arrays.fill(wantHidden, true);
            float[] hidden = model.forward(
                            rows,
                            prompt.stream().mapToInt(Integer::intValue).toArray(),
                            IntStream.range(0, rows).toArray(),
                            tables,
                            new boolean[rows],
                            new boolean[rows],
                            wantHidden)
                    .hidden()
                    .toArray();
            double[] mean = new double[CONFIG.dim()];
            for (int i = 0; i < hidden.length; i++) {
                mean[i % CONFIG.dim()] += hidden[i] / (double) rows;
            }
            double length = Math.sqrt(Arrays.stream(mean).map(x -> x * x).sum());
            return Arrays.stream(mean).map(x -> x / length).toArray();
        }
    }
}
