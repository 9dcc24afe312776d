package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TextGeneratorTest {
    private final ModelConfig config = TestModels.llama(true); // context 40
    private final TensorArena arena = TensorArena.open("test");
    private final FixedComputePool pool = FixedComputePool.create(1);
    private final Parameters weights = TestModels.randomWeights(config, 3, arena);
    private final Kernels kernels = KernelProviders.select("auto").create(pool);
    private final InferenceModel model = InferenceModel.create(config, weights, kernels, 3, 4);
    private final TextGenerator generator = new TextGenerator(model, new Digits());

    @AfterEach
    void close() {
        model.close();
        pool.close();
        arena.close();
    }

    @Test
    void greedyAnswersAreThoseOfTheFullPass() {
        int[] prompt = TestModels.randomTokens(config, 11, 8); // three chunks of at most 4 rows
        List<Integer> seen = new ArrayList<>();
        List<Integer> answer = generator.generate(prompt, 12, SamplingOptions.greedy(), Set.of(), seen::add);
        assertThat(answer).hasSize(12).isEqualTo(seen);
        try (TrainingStage stage = new TrainingStage(config, StageRange.whole(config), kernels, weights, null, 1, 40)) {
            int[] tokens = prompt;
            for (int expected : answer) {
                int length = tokens.length;
                int[] best = new int[1];
                stage.readLogits(tokens, length, (first, rows, logits) -> {
                    for (int v = 0; v < config.vocabSize(); v++) {
                        long row = (length - 1L) * config.vocabSize();
                        best[0] = logits.get(row + v) > logits.get(row + best[0]) ? v : best[0];
                    }
                });
                assertThat(best[0]).isEqualTo(expected);
                tokens = Arrays.copyOf(tokens, length + 1);
                tokens[length] = expected;
            }
        }
    }

    @Test
    void stopsAtStopTokensAndTheEndOfTheContext() {
        SamplingOptions sampled = SamplingOptions.atTemperature(1, 9);
        List<Integer> all = generator.generate(new int[] {1, 2}, 1000, sampled, Set.of(), token -> {});
        assertThat(all).hasSize(38);
        int stop = all.get(5);
        List<Integer> stopped = generator.generate(new int[] {1, 2}, 1000, sampled, Set.of(stop), token -> {});
        assertThat(stopped).isEqualTo(all.subList(0, all.indexOf(stop)));
        assertThat(generator.generate(new int[0], 3, sampled, Set.of(), token -> {}))
                .hasSize(3);
        assertThat(generator.generate(new int[] {1}, 0, sampled, Set.of(), token -> {}))
                .isEmpty();
    }

    @Test
    void refusesTooLongAPrompt() {
        assertThatThrownBy(() -> generator.generate(new int[41], 1, SamplingOptions.greedy(), Set.of(), token -> {}))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("41 tokens")
                .hasMessageContaining("40");
    }

    /** A vocabulary that only needs ids. */
    private static final class Digits implements Tokenizer {
        @Override
        public int vocabSize() {
            return 19;
        }

        @Override
        public int[] encode(String text) {
            return encode(text.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public int[] encode(byte[] bytes) {
            int[] ids = new int[bytes.length];
            Arrays.setAll(ids, i -> bytes[i] % 19);
            return ids;
        }

        @Override
        public byte[] decodeBytes(int[] ids) {
            return new byte[0];
        }

        @Override
        public Optional<Integer> specialToken(String token) {
            return Optional.empty();
        }

        @Override
        public int endOfText() {
            return 0;
        }

        @Override
        public Optional<Integer> beginOfText() {
            return Optional.empty();
        }
    }
}
