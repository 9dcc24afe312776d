package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Policy and model without the actor: sequences that lost their cache and were computed again give the same bits. */
class PreemptionTest {
    private static final long SEED = 3;

    private record Run(Map<Long, List<SampledToken>> answers, long numPreemptions, int usedBlocks) {}

    private static Run run(int numKvBlocks, int maxBatchTokens, SchedulingOptions options) {
        return run(InferenceSettings.EXACT, numKvBlocks, maxBatchTokens, options);
    }

    private static Run run(
            InferenceSettings inference, int numKvBlocks, int maxBatchTokens, SchedulingOptions options) {
        EngineSettings settings = new EngineSettings("auto", Precision.FP32, inference, 1, maxBatchTokens, 8, 1 << 20);
        int context = TinyModel.CONFIG.contextLength();
        SchedulingPolicy policy =
                new SchedulingPolicy(new SchedulingLimits(maxBatchTokens, 8, 20, context, numKvBlocks), options);
        Random random = new Random(SEED);
        try (Engine engine = TinyModel.load(settings)) {
            EngineLoop loop = new EngineLoop(policy, engine);
            for (long arrival = 0; arrival < 8; arrival++) {
                List<Integer> prompt = random.ints(5 + random.nextInt(30), 0, TinyModel.CONFIG.vocabSize())
                        .boxed()
                        .toList();
                loop.offer(new GenerationRequest(
                        "r" + arrival, prompt, 25, List.of(), Requests.sampling(1, arrival, 4), 0));
            }
            loop.run();
            return new Run(loop.answers(), policy.numPreemptions(), policy.numUsedBlocks());
        }
    }

    @Test
    void preemptedAnswersEqualUndisturbedOnes() {
        Run roomy = run(32, 64, SchedulingOptions.PLAIN);
        assertThat(roomy.numPreemptions()).isZero();
        assertThat(roomy.answers().values())
                .allSatisfy(answer -> assertThat(answer).hasSize(25));
        Run tight = run(9, 20, SchedulingOptions.PLAIN);
        assertThat(tight.numPreemptions()).isPositive();
        assertThat(tight.answers()).as("seed %d", SEED).isEqualTo(roomy.answers());
    }

    /** Four answers of one client hold all places; others come, and two of the four wait until there is room again. */
    @ParameterizedTest
    @CsvSource({"false,0", "true,0", "true,6"})
    void displacedAnswersEqualUndisturbedOnes(boolean prefixCache, int maxDraft) {
        Run alone = shared(8, SchedulingOptions.PLAIN);
        assertThat(alone.numPreemptions()).isZero();
        Run displaced = shared(4, new SchedulingOptions(prefixCache, false, maxDraft));
        assertThat(displaced.numPreemptions()).isPositive();
        assertThat(displaced.answers()).isEqualTo(alone.answers());
        assertThat(displaced.usedBlocks()).isZero();
    }

    private static Run shared(int maxRunning, SchedulingOptions options) {
        EngineSettings settings =
                new EngineSettings("auto", Precision.FP32, InferenceSettings.EXACT, 1, 64, 8, 1 << 20);
        int context = TinyModel.CONFIG.contextLength();
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, maxRunning, 20, context, 32), options);
        Random random = new Random(SEED);
        try (Engine engine = TinyModel.load(settings)) {
            EngineLoop loop = new EngineLoop(policy, engine);
            for (long arrival = 0; arrival < 6; arrival++) {
                if (arrival == 4) {
                    loop.step(); // who comes now is late
                }
                List<Integer> prompt = random.ints(5 + random.nextInt(10), 0, TinyModel.CONFIG.vocabSize())
                        .boxed()
                        .toList();
                loop.offer(new GenerationRequest(
                        "r" + arrival,
                        prompt,
                        40,
                        List.of(),
                        Requests.sampling(1, arrival, 4),
                        0,
                        arrival < 4 ? "many" : "one" + arrival,
                        PromptOutput.NONE));
            }
            loop.run();
            return new Run(loop.answers(), policy.numPreemptions(), policy.numUsedBlocks());
        }
    }

    @ParameterizedTest
    @CsvSource({"true,0", "false,6", "true,6"})
    void andWithSharedBlocksAndGuesses(boolean prefixCache, int maxDraft) {
        Run plain = run(32, 64, SchedulingOptions.PLAIN);
        Run tight = run(9, 20, new SchedulingOptions(prefixCache, false, maxDraft));
        assertThat(tight.numPreemptions()).isPositive();
        assertThat(tight.answers()).as("seed %d", SEED).isEqualTo(plain.answers());
        assertThat(tight.usedBlocks()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "Q8_0,EXACT,EXACT",
        "Q4_0,EXACT,EXACT",
        "Q4_K,EXACT,EXACT",
        "Q8_0,AUTO,BLOCKS",
        "Q4_0,AUTO,BLOCKS",
        "Q8_0,INT8,EXACT",
        "Q8_0,INT8,INT8",
        "Q4_0,INT8,INT8",
        "Q4_K,INT8_COPY,INT8"
    })
    void andWithRoundedWeights(StorageType weights, Prefill prefill, Decode decode) {
        InferenceSettings inference = new InferenceSettings(weights, prefill, decode);
        Run plain = run(inference, 32, 64, SchedulingOptions.PLAIN);
        for (boolean reuse : new boolean[] {false, true}) {
            Run tight = run(inference, 9, 20, new SchedulingOptions(reuse, inference.promptsApart(), reuse ? 6 : 0));
            assertThat(tight.numPreemptions()).isPositive();
            assertThat(tight.answers()).as("seed %d", SEED).isEqualTo(plain.answers());
        }
    }
}
