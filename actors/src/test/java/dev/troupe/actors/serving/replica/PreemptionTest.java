package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.batch.Sequence;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.model.kernel.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Policy and model without the actor: sequences that lost their cache and were computed again give the same bits. */
class PreemptionTest {
    private static final long SEED = 3;

    private record Run(Map<Long, List<SampledToken>> answers, long numPreemptions) {}

    private static Run run(int numKvBlocks, int maxBatchTokens) {
        EngineSettings settings = new EngineSettings("auto", Precision.FP32, 1, maxBatchTokens, 8, 1 << 20);
        Map<Long, List<SampledToken>> answers = new TreeMap<>();
        Map<Long, AnswerSampler> samplers = new TreeMap<>();
        int context = TinyModel.CONFIG.contextLength();
        SchedulingPolicy policy =
                new SchedulingPolicy(new SchedulingLimits(maxBatchTokens, 8, 20, context, numKvBlocks));
        Random random = new Random(SEED);
        for (long arrival = 0; arrival < 8; arrival++) {
            List<Integer> prompt = random.ints(5 + random.nextInt(30), 0, TinyModel.CONFIG.vocabSize())
                    .boxed()
                    .toList();
            GenerationRequest request =
                    new GenerationRequest("r" + arrival, prompt, 25, List.of(), Requests.sampling(1, arrival, 4), 0);
            assertThat(policy.offer(new Sequence(arrival, request))).isTrue();
            samplers.put(arrival, new AnswerSampler(request));
            answers.put(arrival, new ArrayList<>());
        }
        try (Engine engine = TinyModel.load(settings)) {
            while (!policy.isIdle()) {
                ScheduledBatch batch = policy.schedule();
                List<ScheduledChunk> sampled =
                        batch.chunks().stream().filter(ScheduledChunk::sampled).toList();
                List<SampledToken> tokens = engine.execute(
                        batch,
                        sampled.stream()
                                .map(chunk -> samplers.get(chunk.arrival()))
                                .toList());
                int next = 0;
                for (ScheduledChunk chunk : batch.chunks()) {
                    if (chunk.sampled()) {
                        SampledToken token = tokens.get(next++);
                        answers.computeIfPresent(chunk.arrival(), (arrival, answer) -> {
                            answer.add(token);
                            return answer;
                        });
                        policy.advance(chunk, OptionalInt.of(token.token()));
                    } else {
                        policy.advance(chunk, OptionalInt.empty());
                    }
                }
            }
        }
        return new Run(answers, policy.numPreemptions());
    }

    @Test
    void preemptedAnswersEqualUndisturbedOnes() {
        Run roomy = run(32, 64);
        assertThat(roomy.numPreemptions()).isZero();
        Run tight = run(9, 20);
        assertThat(tight.numPreemptions()).isPositive();
        assertThat(tight.answers()).as("seed %d", SEED).isEqualTo(roomy.answers());
        assertThat(roomy.answers().values())
                .allSatisfy(answer -> assertThat(answer).hasSize(25));
    }
}
