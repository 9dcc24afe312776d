package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.sampling.LogProbs;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Decoding with a cache gives the bits of the full forward pass, in any chunks and with any mates in the batch. */
public class InferenceParityTest {
    private static final int TIME = 37; // three blocks, the last one not full
    private static final int MAX_ROWS = 64;

    static Stream<Arguments> backendsAndModels() {
        return TestModels.backends().stream()
                .flatMap(backend -> TestModels.all().stream().map(config -> Arguments.of(backend, config)));
    }

    /** One sequence being fed to the model. */
    private static final class Sequence {
        final int[] tokens;
        final int[] table;
        final List<float[]> logits = new ArrayList<>(); // of each token so far

        Sequence(int[] tokens, int[] table) {
            this.tokens = tokens;
            this.table = table;
        }
    }

    @ParameterizedTest
    @MethodSource("backendsAndModels")
    void logitsEqualTheTrainingPass(String backend, ModelConfig config) {
        long seed = 21;
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            Parameters weights = TestModels.randomWeights(config, seed, arena);
            KvBlockPool blocks = new KvBlockPool(12);
            List<Sequence> sequences = new ArrayList<>();
            for (int s = 0; s < 4; s++) {
                int[] table = Objects.requireNonNull(blocks.tryAllocate(Math.ceilDiv(TIME, KvBlocks.BLOCK_TOKENS)));
                sequences.add(new Sequence(TestModels.randomTokens(config, TIME, seed + s), table));
            }
            try (InferenceModel model = InferenceModel.create(config, weights, kernels, 12, MAX_ROWS)) {
                runInRandomChunks(model, sequences, seed);
            }
            try (TrainingStage stage =
                    new TrainingStage(config, StageRange.whole(config), kernels, weights, null, 1, TIME)) {
                for (Sequence sequence : sequences) {
                    assertEqualBits(stage, sequence, config);
                }
            }
        }
    }

    /** Each call takes a random number of tokens, 0 to 9, of each sequence: prefill chunks and single steps mixed. */
    private static void runInRandomChunks(InferenceModel model, List<Sequence> sequences, long seed) {
        int draw = 0;
        while (sequences.stream().anyMatch(s -> s.logits.size() < TIME)) {
            List<Sequence> rows = new ArrayList<>();
            List<Integer> positions = new ArrayList<>();
            for (Sequence sequence : sequences) {
                int chunk = (int) (CounterRandom.uniform(seed, 1, draw++) * 10);
                int from = sequence.logits.size();
                for (int p = from; p < Math.min(TIME, from + chunk); p++) {
                    rows.add(sequence);
                    positions.add(p);
                }
            }
            if (!rows.isEmpty()) {
                forward(model, rows, positions);
            }
        }
    }

    private static void forward(InferenceModel model, List<Sequence> rows, List<Integer> positions) {
        int count = rows.size();
        int[] position = positions.stream().mapToInt(Integer::intValue).toArray();
        int[] tokens = new int[count];
        int[][] tables = new int[count][];
        boolean[] wanted = new boolean[count];
        Arrays.fill(wanted, true);
        for (int r = 0; r < count; r++) {
            tokens[r] = rows.get(r).tokens[position[r]];
            tables[r] = rows.get(r).table;
        }
        Tensor logits = model.forward(count, tokens, position, tables, wanted);
        int vocab = logits.dim(1);
        for (int r = 0; r < count; r++) {
            rows.get(r).logits.add(logits.view((long) r * vocab, vocab).toArray());
        }
    }

    private static void assertEqualBits(TrainingStage stage, Sequence sequence, ModelConfig config) {
        int vocab = config.vocabSize();
        stage.readLogits(sequence.tokens, TIME, (firstRow, numRows, logits) -> {
            for (int r = 0; r < numRows; r++) {
                assertThat(sequence.logits.get(firstRow + r))
                        .as("position %d", firstRow + r)
                        .isEqualTo(logits.view((long) r * vocab, vocab).toArray());
            }
        });
    }

    /** The last position alone is asked for: what a scheduler does; and log-probabilities equal those of training. */
    @ParameterizedTest
    @MethodSource("backendsAndModels")
    void wantedRowsAndLogProbsAreThoseOfTheFullPass(String backend, ModelConfig config) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            Parameters weights = TestModels.randomWeights(config, 5, arena);
            int[] tokens = TestModels.randomTokens(config, 9, 5);
            int[] targets = TestModels.randomTokens(config, 9, 6);
            try (InferenceModel model = InferenceModel.create(config, weights, kernels, 1, 16);
                    TrainingStage stage =
                            new TrainingStage(config, StageRange.whole(config), kernels, weights, null, 2, 9)) {
                boolean[] wanted = new boolean[9];
                wanted[4] = true;
                wanted[8] = true;
                int[][] tables = new int[9][];
                Arrays.fill(tables, new int[] {0});
                int[] positions = {0, 1, 2, 3, 4, 5, 6, 7, 8};
                Tensor logits = model.forward(9, tokens, positions, tables, wanted);
                double[] expected = stage.logProbs(tokens, 9, targets);
                assertThat(logits.dim(0)).isEqualTo(2);
                assertThat(LogProbs.logProb(logits, 0, targets[4])).isEqualTo(expected[4]);
                assertThat(LogProbs.logProb(logits, 1, targets[8])).isEqualTo(expected[8]);
            }
        }
    }
}
