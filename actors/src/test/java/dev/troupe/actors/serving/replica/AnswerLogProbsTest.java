package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The log-probability that is told of a generated token is that of the training pass over prompt and answer, bit for
 * bit: whoever trains on answers (their ratio of new to old policy starts at exactly 1) relies on it.
 */
class AnswerLogProbsTest {
    private static final long SEED = 23;
    private static final ModelConfig CONFIG = TinyModel.CONFIG;

    /** Greedy ones and sampled ones, of prompts that begin alike; one up to the end of the context. */
    private static List<GenerationRequest> requests() {
        Random random = new Random(SEED);
        List<Integer> common = random.ints(34, 0, CONFIG.vocabSize()).boxed().toList();
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            List<Integer> prompt = new ArrayList<>(i % 2 == 0 ? common : List.of());
            random.ints(1 + random.nextInt(8), 0, CONFIG.vocabSize()).forEach(prompt::add);
            int maxTokens = i == 0 ? CONFIG.contextLength() - prompt.size() : 14;
            requests.add(new GenerationRequest(
                    "r" + i, prompt, maxTokens, List.of(), Requests.sampling(i % 3 == 0 ? 0 : 1, i, 2), 0));
        }
        return requests;
    }

    /** Several in a batch, then all of them again, behind prefixes that the cache holds where it does. */
    @ParameterizedTest
    @CsvSource({"scalar,64,32,false,0", "auto,64,32,true,0", "auto,20,9,true,6"})
    void areThoseOfTraining(String backend, int maxBatchTokens, int numKvBlocks, boolean prefixCache, int maxDraft) {
        List<GenerationRequest> requests = requests();
        EngineSettings settings = new EngineSettings(backend, Precision.FP32, 2, maxBatchTokens, 8, 1 << 20);
        SchedulingPolicy policy = new SchedulingPolicy(
                new SchedulingLimits(maxBatchTokens, 8, 40, CONFIG.contextLength(), numKvBlocks),
                new SchedulingOptions(prefixCache, false, maxDraft));
        try (Engine engine = TinyModel.load(settings);
                TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1);
                TrainingStage stage = new TrainingStage(
                        CONFIG,
                        StageRange.whole(CONFIG),
                        KernelProviders.select(backend, Precision.FP32).create(pool),
                        TinyModel.weights(arena),
                        null,
                        1,
                        CONFIG.contextLength())) {
            EngineLoop loop = new EngineLoop(policy, engine);
            for (int round = 0; round < 2; round++) {
                requests.forEach(loop::offer);
                loop.run();
            }
            boolean found = IntStream.range(requests.size(), 2 * requests.size())
                    .anyMatch(arrival -> loop.sequence(arrival).numCached() > 0);
            assertThat(found).isEqualTo(prefixCache);
            loop.answers().forEach((arrival, answer) -> {
                GenerationRequest request = requests.get((int) (arrival % requests.size()));
                assertThat(answer).hasSize(request.maxTokens());
                assertThat(answer.stream().map(SampledToken::logProb))
                        .as("request %d, seed %d", arrival, SEED)
                        .isEqualTo(trained(stage, request.promptTokens(), answer));
            });
        }
    }

    private static List<Double> trained(TrainingStage stage, List<Integer> prompt, List<SampledToken> answer) {
        int[] tokens = IntStream.concat(
                        prompt.stream().mapToInt(Integer::intValue),
                        answer.stream().mapToInt(SampledToken::token))
                .toArray();
        int time = tokens.length - 1; // the last token's logits nobody asked for
        int[] inputs = new int[time];
        int[] targets = new int[time];
        System.arraycopy(tokens, 0, inputs, 0, time);
        System.arraycopy(tokens, 1, targets, 0, time);
        double[] logProbs = stage.logProbs(inputs, time, targets);
        return IntStream.range(prompt.size() - 1, time)
                .mapToObj(i -> logProbs[i])
                .toList();
    }
}
