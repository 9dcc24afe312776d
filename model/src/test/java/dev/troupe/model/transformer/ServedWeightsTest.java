package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.onednn.OneDnnKernelProvider;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Models with rounded weights: the same bits in any batch, and near the float32 model. */
class ServedWeightsTest {
    private static final long SEED = 31;
    private static final int TIME = 40;
    private static final int PROMPT = 25;
    private static final int SEQUENCES = 3;
    private static final int BLOCKS = 3; // of a sequence

    private static final ModelConfig CONFIG = TestModels.blocks(97);

    private final TensorArena arena = TensorArena.open("test");
    private final FixedComputePool pool = FixedComputePool.create(2);
    private final Parameters weights = TestModels.randomWeights(CONFIG, SEED, arena);
    private final List<int[]> texts = new ArrayList<>();

    @BeforeEach
    void drawTexts() {
        for (int s = 0; s < SEQUENCES; s++) {
            texts.add(TestModels.randomTokens(CONFIG, TIME, SEED + s));
        }
    }

    @AfterEach
    void close() {
        pool.close();
        arena.close();
    }

    private InferenceModel model(StorageType type, Prefill prefill) {
        return model(weights, type, prefill);
    }

    private InferenceModel model(Parameters from, StorageType type, Prefill prefill) {
        return model(
                from, new InferenceSettings(type, prefill, prefill == Prefill.AUTO ? Decode.BLOCKS : Decode.EXACT));
    }

    private InferenceModel model(StoredWeights from, InferenceSettings settings) {
        Kernels kernels = KernelProviders.select("vector").create(pool);
        return InferenceModel.create(
                CONFIG, layer -> from, kernels, settings.options(kernels, pool), SEQUENCES * BLOCKS, SEQUENCES * TIME);
    }

    /** Logits of every position of a text: in chunks of {@code chunk} tokens, in a batch with itself alone. */
    private List<float[]> alone(InferenceModel model, int text, int chunk) {
        List<float[]> logits = new ArrayList<>();
        for (int from = 0; from < TIME; from += chunk) {
            List<int[]> rows = new ArrayList<>();
            for (int p = from; p < Math.min(TIME, from + chunk); p++) {
                rows.add(new int[] {text, p});
            }
            logits.addAll(forward(model, rows));
        }
        return logits;
    }

    /** All texts at once, each in chunks of random length. */
    private List<List<float[]>> together(InferenceModel model) {
        List<List<float[]>> logits = new ArrayList<>();
        texts.forEach(text -> logits.add(new ArrayList<>()));
        for (int draw = 0; logits.stream().anyMatch(done -> done.size() < TIME); ) {
            List<int[]> rows = new ArrayList<>();
            for (int s = 0; s < SEQUENCES; s++) {
                int from = logits.get(s).size();
                int chunk = (int) (CounterRandom.uniform(SEED, 1, draw++) * 12);
                for (int p = from; p < Math.min(TIME, from + chunk); p++) {
                    rows.add(new int[] {s, p});
                }
            }
            List<float[]> results = rows.isEmpty() ? List.of() : forward(model, rows);
            for (int r = 0; r < rows.size(); r++) {
                logits.get(rows.get(r)[0]).add(results.get(r));
            }
        }
        return logits;
    }

    /** Logits of rows [text, position]. */
    private List<float[]> forward(InferenceModel model, List<int[]> rows) {
        int count = rows.size();
        int[] tokens = new int[count];
        int[] positions = new int[count];
        int[][] tables = new int[count][];
        boolean[] wanted = new boolean[count];
        boolean[] ofPrompt = new boolean[count];
        for (int r = 0; r < count; r++) {
            int text = rows.get(r)[0];
            positions[r] = rows.get(r)[1];
            tokens[r] = texts.get(text)[positions[r]];
            tables[r] = new int[] {text * BLOCKS, text * BLOCKS + 1, text * BLOCKS + 2};
            wanted[r] = true;
            ofPrompt[r] = positions[r] < PROMPT;
        }
        Tensor logits = model.forward(count, tokens, positions, tables, wanted, ofPrompt);
        List<float[]> result = new ArrayList<>();
        for (int r = 0; r < count; r++) {
            result.add(logits.view((long) r * CONFIG.vocabSize(), CONFIG.vocabSize())
                    .toArray());
        }
        return result;
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void decodingEqualsPrefillAloneAndInABatch(StorageType type) {
        try (InferenceModel model = model(type, Prefill.EXACT)) {
            List<List<float[]>> batch = together(model);
            for (int s = 0; s < SEQUENCES; s++) {
                assertEqualBits(alone(model, s, 1), batch.get(s), s);
                assertEqualBits(alone(model, s, TIME), batch.get(s), s);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void promptsInBf16AreTheSameInAnyBatch(StorageType type) {
        assumeTrue(new OneDnnKernelProvider().unavailable().isEmpty(), "oneDNN does not run here");
        promptsAreTheSameInAnyBatch(type, Prefill.BF16);
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void promptsInInt8AreTheSameInAnyBatch(StorageType type) {
        promptsAreTheSameInAnyBatch(type, Prefill.INT8);
    }

    private void promptsAreTheSameInAnyBatch(StorageType type, Prefill prefill) {
        try (InferenceModel model = model(type, prefill)) {
            List<List<float[]>> batch = together(model);
            for (int s = 0; s < SEQUENCES; s++) {
                assertEqualBits(alone(model, s, 1), batch.get(s), s);
                assertEqualBits(alone(model, s, TIME), batch.get(s), s);
            }
        }
    }

    /** Tokens that are decoded one by one, at first, equal those that are read as a prompt. */
    @ParameterizedTest
    @EnumSource(StorageType.class)
    void answersInInt8AreThoseOfPrompts(StorageType type) {
        try (InferenceModel prompts = model(type, Prefill.INT8);
                InferenceModel all = model(weights, new InferenceSettings(type, Prefill.INT8, Decode.INT8))) {
            List<List<float[]>> batch = together(all);
            for (int s = 0; s < SEQUENCES; s++) {
                assertEqualBits(alone(all, s, 1), batch.get(s), s);
                assertEqualBits(alone(all, s, TIME), batch.get(s), s);
            }
            assertThat(all.matrixBytes()).as("one layout").isLessThan(2 * prompts.matrixBytes());
        }
    }

    /** Blocks stay as they are and are multiplied alike in all rows; what has none is multiplied as ever. */
    @ParameterizedTest
    @EnumSource(StorageType.class)
    void blocksAreKept(StorageType type) {
        boolean blocks =
                !Set.of(StorageType.F32, StorageType.F16, StorageType.BF16).contains(type);
        try (InferenceModel exact = model(type, Prefill.EXACT);
                InferenceModel kept = model(type, Prefill.AUTO)) {
            List<List<float[]>> batch = together(kept);
            for (int s = 0; s < SEQUENCES; s++) {
                assertEqualBits(alone(kept, s, 1), batch.get(s), s);
                assertEqualBits(alone(kept, s, TIME), batch.get(s), s);
                float[] hidden = hiddenAfterPrompt(kept, s);
                if (blocks) {
                    assertThat(hidden).isNotEqualTo(hiddenAfterPrompt(exact, s));
                } else {
                    assertThat(hidden).isEqualTo(hiddenAfterPrompt(exact, s));
                }
            }
            assertThat(kept.matrixBytes()).isLessThanOrEqualTo(exact.matrixBytes());
        }
    }

    /** As quantizers write files: some matrices of a layer in four bits, others in six or eight, some as they were. */
    private record Mixed(Parameters numbers) implements StoredWeights {
        private static final Map<String, StorageType> OTHERS = Map.of(
                "v_proj", StorageType.Q6_K,
                "down_proj", StorageType.Q8_0,
                "o_proj", StorageType.F16);

        @Override
        public StorageType type(String name) {
            if (!name.contains("proj")) {
                return StorageType.F32;
            }
            String matrix = name.substring(0, name.length() - ".weight".length());
            return OTHERS.getOrDefault(matrix.substring(matrix.lastIndexOf('.') + 1), StorageType.Q4_K);
        }

        @Override
        public StoredTensor get(String name, TensorArena scratch) {
            StoredTensor plain = numbers.get(name, scratch);
            StorageType type = type(name);
            MemorySegment stored = scratch.allocateBytes(plain.rows() * type.bytes(plain.columns()));
            Quantization.write(type, (long) plain.rows() * plain.columns(), plain.bytes(), stored);
            return new StoredTensor(name, type, plain.rows(), plain.columns(), stored);
        }
    }

    @Test
    void aFileOfSeveralTypesIsMultipliedInSeveralWays() {
        Mixed mixed = new Mixed(weights);
        InferenceSettings blocks = new InferenceSettings(null, Prefill.AUTO, Decode.BLOCKS);
        try (InferenceModel exact = model(mixed, new InferenceSettings(null, Prefill.EXACT, Decode.EXACT));
                InferenceModel kept = model(mixed, blocks)) {
            List<List<float[]>> batch = together(kept);
            for (int s = 0; s < SEQUENCES; s++) {
                assertEqualBits(alone(kept, s, 1), batch.get(s), s);
                assertEqualBits(alone(kept, s, TIME), batch.get(s), s);
                assertThat(hiddenAfterPrompt(kept, s)).isNotEqualTo(hiddenAfterPrompt(exact, s));
            }
            assertThat(kept.matrixBytes()).isLessThanOrEqualTo(exact.matrixBytes());
        }
        assertThat(blocks.uses(CONFIG, mixed::type, Precision.FP32))
                .contains(KernelUse.Q4_K_BLOCKS, KernelUse.Q6_K_BLOCKS, KernelUse.Q8_0_BLOCKS, KernelUse.F16_WEIGHTS)
                .doesNotContain(KernelUse.Q4_K_WEIGHTS, KernelUse.Q6_K_WEIGHTS, KernelUse.Q8_0_WEIGHTS);
    }

    /** A copy in eight bits is of weights that have four: those that have eight are multiplied alike in all rows. */
    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"Q4_0", "Q4_K", "Q8_0"})
    void promptsOfACopyAreThoseBesideExactAnswers(StorageType type) {
        try (InferenceModel exactAnswers = model(type, Prefill.INT8);
                InferenceModel oneLayout = model(weights, new InferenceSettings(type, Prefill.INT8, Decode.INT8));
                InferenceModel copy = model(weights, new InferenceSettings(type, Prefill.INT8_COPY, Decode.INT8))) {
            List<List<float[]>> batch = together(copy);
            for (int s = 0; s < SEQUENCES; s++) {
                assertEqualBits(alone(copy, s, 1), batch.get(s), s);
                assertEqualBits(alone(copy, s, TIME), batch.get(s), s);
                float[] hidden = hiddenAfterPrompt(copy, s);
                assertThat(hidden).isEqualTo(hiddenAfterPrompt(exactAnswers, s));
                if (type == StorageType.Q8_0) {
                    assertThat(hidden).isEqualTo(hiddenAfterPrompt(oneLayout, s));
                    assertEqualBits(alone(oneLayout, s, TIME), batch.get(s), s);
                } else {
                    assertThat(hidden).isNotEqualTo(hiddenAfterPrompt(oneLayout, s));
                }
            }
        }
    }

    /** The hidden state of the last token of a prompt, which logits are computed of as those of answers are. */
    private float[] hiddenAfterPrompt(InferenceModel model, int text) {
        int[] positions = IntStream.range(0, PROMPT).toArray();
        int[][] tables = new int[PROMPT][];
        Arrays.fill(tables, new int[] {text * BLOCKS, text * BLOCKS + 1, text * BLOCKS + 2});
        boolean[] all = new boolean[PROMPT];
        Arrays.fill(all, true);
        boolean[] last = new boolean[PROMPT];
        last[PROMPT - 1] = true;
        return model.forward(PROMPT, texts.get(text), positions, tables, new boolean[PROMPT], all, last)
                .hidden()
                .toArray();
    }

    private static void assertEqualBits(List<float[]> actual, List<float[]> expected, int text) {
        assertThat(actual).hasSize(TIME);
        for (int p = 0; p < TIME; p++) {
            assertThat(actual.get(p))
                    .as("text %d, position %d, seed %d", text, p, SEED)
                    .isEqualTo(expected.get(p));
        }
    }

    /** The bounds of docs/performance-serving.md: root of the mean square of differences over that of the logits. */
    @ParameterizedTest
    @CsvSource({
        "F32, EXACT, 0",
        "BF16, EXACT, 0.01",
        "F16, EXACT, 0.002",
        "Q8_0, EXACT, 0.03",
        "Q6_K, EXACT, 0.06",
        "Q4_K, EXACT, 0.25",
        "Q4_0, EXACT, 0.3",
        "F32, AUTO, 0",
        "Q8_0, AUTO, 0.03",
        "Q6_K, AUTO, 0.06",
        "Q4_K, AUTO, 0.25",
        "Q4_0, AUTO, 0.3",
        "F32, BF16, 0.02",
        "Q8_0, BF16, 0.04",
        "F32, INT8, 0.05",
        "Q8_0, INT8, 0.06",
        "Q4_K, INT8, 0.25",
        "Q4_0, INT8, 0.3"
    })
    void logitsAreNearThoseOfFloat32(StorageType type, Prefill prefill, double bound) {
        assumeTrue(
                prefill != Prefill.BF16
                        || new OneDnnKernelProvider().unavailable().isEmpty(),
                "oneDNN does not run here");
        Parameters start = Parameters.allocate(ParameterLayout.of(CONFIG), arena);
        start.initialize(SEED); // attention is smooth: large random weights would magnify every difference
        try (InferenceModel exact = model(start, StorageType.F32, Prefill.EXACT);
                InferenceModel rounded = model(start, type, prefill)) {
            double squares = 0;
            double differences = 0;
            for (int s = 0; s < SEQUENCES; s++) {
                List<float[]> expected = alone(exact, s, TIME);
                List<float[]> actual = alone(rounded, s, TIME);
                for (int p = 0; p < TIME; p++) {
                    for (int v = 0; v < CONFIG.vocabSize(); v++) {
                        squares += Math.pow(expected.get(p)[v], 2);
                        differences += Math.pow(expected.get(p)[v] - actual.get(p)[v], 2);
                    }
                }
            }
            double error = Math.sqrt(differences / squares);
            assertThat(error).as("%s %s", type, prefill).isLessThanOrEqualTo(bound);
            if (type != StorageType.F32) {
                assertThat(error).as("%s is rounded", type).isPositive();
            }
        }
    }

    @Test
    void rowsThatDoNotFillBlocksFallBack() {
        assertThat(ServedWeights.fitting(StorageType.Q4_K, 512)).isEqualTo(StorageType.Q4_K);
        assertThat(ServedWeights.fitting(StorageType.Q4_K, 576)).isEqualTo(StorageType.Q8_0);
        assertThat(ServedWeights.fitting(StorageType.Q6_K, 48)).isEqualTo(StorageType.BF16);
        assertThat(ServedWeights.fitting(StorageType.Q4_0, 48)).isEqualTo(StorageType.BF16);
        assertThat(ServedWeights.fitting(StorageType.F16, 7)).isEqualTo(StorageType.F16);
    }

    @Test
    void whatCannotBeDoneIsSaid() {
        assertThatThrownBy(() -> ServedWeights.named("q5_0"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("q5_0")
                .hasMessageContaining("q4_k");
        assertThatThrownBy(() -> Prefill.named("fast"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("exact, bf16, int8");
        assertThatThrownBy(() -> Decode.named("fast"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("exact, blocks, int8");
        assertThatThrownBy(() -> new InferenceSettings(StorageType.Q4_0, Prefill.BF16, Decode.INT8))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("prefill = int8 or int8_copy, not bf16");
        Kernels rounding = KernelProviders.select("vector", Precision.BF16).create(pool);
        InferenceOptions options =
                new InferenceSettings(StorageType.Q8_0, Prefill.EXACT, Decode.EXACT).options(rounding, pool);
        assertThatThrownBy(() -> InferenceModel.create(CONFIG, layer -> weights, rounding, options, 1, 1))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("q8_0")
                .hasMessageContaining("fp32");
    }

    @Test
    void namesAreThoseOfConfigurations() {
        assertThat(ServedWeights.names()).contains("f32", "bf16", "q8_0", "q4_k");
        for (String name : ServedWeights.names()) {
            assertThat(ServedWeights.configName(ServedWeights.named(name))).isEqualTo(name);
        }
        assertThat(Prefill.names()).containsExactly("auto", "exact", "bf16", "int8", "int8_copy");
        assertThat(Decode.names()).containsExactly("auto", "exact", "blocks", "int8");
    }
}
