package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.SamplingParameters;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Policy and model without the actor: what sharing and guessing save, with the same bits. */
class ReuseTest {
    private static final int CONTEXT = TinyModel.CONFIG.contextLength();

    private static SchedulingPolicy policy(SchedulingOptions options) {
        return new SchedulingPolicy(new SchedulingLimits(64, 8, 20, CONTEXT, 64), options);
    }

    private static List<Integer> prompt(int length) {
        return new Random(9)
                .ints(length, 0, TinyModel.CONFIG.vocabSize())
                .boxed()
                .toList();
    }

    private static GenerationRequest request(int seed, List<Integer> prompt, double temperature) {
        SamplingParameters sampling = Requests.sampling(temperature, seed, 2);
        return new GenerationRequest("r" + seed, prompt, 10, List.of(), sampling, 0);
    }

    private static Engine load(Prefill prefill, Decode decode) {
        InferenceSettings inference = new InferenceSettings(StorageType.Q8_0, prefill, decode);
        return TinyModel.load(new EngineSettings("auto", Precision.FP32, inference, 1, 64, 8, 1 << 20));
    }

    /** The second turn of a conversation starts behind the first, the answer included where it is computed alike. */
    @ParameterizedTest
    @CsvSource({"AUTO,BLOCKS,48", "EXACT,EXACT,48", "INT8,INT8,48", "INT8,EXACT,32", "INT8_COPY,INT8,32"})
    void aSecondTurnStartsBehindTheFirst(Prefill prefill, Decode decode, int cached) {
        InferenceSettings inference = new InferenceSettings(StorageType.Q8_0, prefill, decode);
        SchedulingOptions options = new SchedulingOptions(true, inference.promptsApart(), 0);
        try (Engine engine = load(prefill, decode)) {
            EngineLoop sharing = new EngineLoop(policy(options), engine);
            long first = sharing.offer(request(1, prompt(42), 1));
            sharing.run();
            List<Integer> next = new ArrayList<>(prompt(42));
            sharing.answer(first).forEach(token -> next.add(token.token()));
            long second = sharing.offer(request(2, next, 1));
            long rowsBefore = sharing.numRows();
            sharing.run();
            assertThat(sharing.sequence(second).numCached()).isEqualTo(cached);
            assertThat(sharing.numRows() - rowsBefore).isEqualTo(52L - cached + 9);
            EngineLoop alone = new EngineLoop(policy(SchedulingOptions.PLAIN), engine);
            long same = alone.offer(request(2, next, 1));
            alone.run();
            assertThat(sharing.answer(second)).isEqualTo(alone.answer(same));
        }
    }

    /** All draw their first tokens from the same logits, and go on in copies of the block that the prompt ends in. */
    @ParameterizedTest
    @CsvSource({"36,EXACT,EXACT", "5,EXACT,EXACT", "32,EXACT,EXACT", "37,AUTO,BLOCKS", "31,INT8,EXACT", "32,INT8,EXACT"
    })
    void choicesOfOnePromptComputeItOnce(int length, Prefill prefill, Decode decode) {
        boolean promptsApart = new InferenceSettings(StorageType.Q8_0, prefill, decode).promptsApart();
        try (Engine engine = load(prefill, decode)) {
            EngineLoop sharing = new EngineLoop(policy(new SchedulingOptions(true, promptsApart, 0)), engine);
            EngineLoop plain = new EngineLoop(policy(SchedulingOptions.PLAIN), engine);
            for (int choice = 0; choice < 4; choice++) {
                sharing.offer(request(choice, prompt(length), 1));
                plain.offer(request(choice, prompt(length), 1));
            }
            sharing.run();
            plain.run();
            assertThat(sharing.answers()).isEqualTo(plain.answers());
            assertThat(Set.copyOf(sharing.answers().values())).hasSizeGreaterThan(2);
            assertThat(plain.numRows() - sharing.numRows()).isEqualTo(3L * length);
        }
    }

    /**
     * Answers of four different tokens, so that some guesses hold. With a temperature, too: a draw is a function of
     * logits and index, so a guess either is what is drawn or not.
     */
    @ParameterizedTest
    @CsvSource({
        "0,EXACT,EXACT",
        "0.3,EXACT,EXACT",
        "0,AUTO,BLOCKS",
        "1,AUTO,BLOCKS",
        "0.3,INT8,EXACT",
        "0,INT8,INT8",
        "1,INT8,INT8"
    })
    void guessesSaveStepsAndChangeNothing(double temperature, Prefill prefill, Decode decode) {
        List<Integer> prompt = List.of(5, 6, 7, 8, 5, 6, 7, 8, 5, 6);
        try (Engine engine = load(prefill, decode)) {
            EngineLoop guessing = new EngineLoop(policy(new SchedulingOptions(false, false, 8)), engine);
            EngineLoop plain = new EngineLoop(policy(SchedulingOptions.PLAIN), engine);
            List<EngineLoop> loops = List.of(guessing, plain);
            Map<Integer, Double> fewTokens = Map.of(5, 50.0, 6, 50.0, 7, 50.0, 8, 50.0);
            for (int seed = 0; seed < 8; seed++) {
                SamplingParameters sampling = new SamplingParameters(temperature, 0, 1, 0, 1, 0, 0, fewTokens, seed, 2);
                GenerationRequest request = new GenerationRequest("r", prompt, CONTEXT, List.of(), sampling, 0);
                for (EngineLoop loop : loops) {
                    loop.offer(request);
                    loop.run();
                }
            }
            assertThat(guessing.answers()).isEqualTo(plain.answers());
            assertThat(guessing.answer(0))
                    .extracting(SampledToken::index)
                    .isSorted()
                    .hasSize(CONTEXT - prompt.size());
            long saved = (long) plain.numSteps() - guessing.numSteps();
            assertThat(saved).isEqualTo(guessing.policy().numDraftsAccepted());
            assertThat(saved).isPositive();
        }
    }
}
