package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.onednn.OneDnnKernelProvider;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.mesh.TestGroup;
import dev.troupe.model.parallel.PartLinks;
import dev.troupe.model.parallel.PeerThread;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The parts of a model compute, each on its thread, the bits of the model in one piece. */
class ModelPartTest {
    private static final int TIME = 21; // two blocks
    private static final int SEQUENCES = 3;
    private static final int BLOCKS = 2; // of a sequence
    private static final long SEED = 41;

    /** Two sequences are read in one pass, then all go on token by token, then in twos. */
    private static final int PROMPT = 11;

    private static final List<StorageType> TYPES =
            List.of(StorageType.F32, StorageType.BF16, StorageType.F16, StorageType.Q8_0, StorageType.Q4_0);

    /** Grouped heads, tied, as Llama's small models. */
    static ModelConfig llama() {
        return config("llama", 6, 3, 16, 96, 160, true, false);
    }

    /** Biases of queries, keys and values only, untied. */
    static ModelConfig qwen2() {
        return config("qwen2", 4, 2, 16, 64, 192, false, true);
    }

    /** Learned positions, LayerNorm, biases everywhere; fused queries, keys and values. */
    static ModelConfig gpt2() {
        return new ModelConfig(
                "gpt2",
                97,
                64,
                4,
                4,
                4,
                16,
                256,
                48,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                0,
                true,
                true,
                0);
    }

    private static ModelConfig config(
            String architecture,
            int heads,
            int kvHeads,
            int headDim,
            int dim,
            int ffnDim,
            boolean tied,
            boolean qkvBias) {
        return new ModelConfig(
                architecture,
                97,
                dim,
                4,
                heads,
                kvHeads,
                headDim,
                ffnDim,
                48,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                tied,
                false,
                0,
                qkvBias,
                null,
                0);
    }

    private static ModelConfig named(String name) {
        return switch (name) {
            case "llama" -> llama();
            case "qwen2" -> qwen2();
            case "gpt2" -> gpt2();
            default -> throw new IllegalArgumentException(name);
        };
    }

    @AfterEach
    void nothingIsLeaked() {
        assertThat(NativeMemory.bytes("inference")).isZero();
    }

    /** A pass: its rows, and which of them are wanted. */
    private static final class Rows {
        final int count;
        final int[] tokens;
        final int[] positions;
        final int[][] tables;
        final boolean[] logits;
        final boolean[] ofPrompt;
        final boolean[] hidden;

        Rows(int count) {
            this.count = count;
            this.tokens = new int[count];
            this.positions = new int[count];
            this.tables = new int[count][];
            this.logits = new boolean[count];
            this.ofPrompt = new boolean[count];
            this.hidden = new boolean[count];
        }

        InferenceModel.Output through(InferenceModel model) {
            return model.forward(count, tokens, positions, tables, logits, ofPrompt, hidden);
        }
    }

    private static List<Rows> passes(ModelConfig config) {
        List<int[]> texts = IntStream.range(0, SEQUENCES)
                .mapToObj(s -> TestModels.randomTokens(config, TIME, SEED + s))
                .toList();
        List<Rows> passes = new ArrayList<>();
        passes.add(rows(texts, List.of(0, 1), 0, PROMPT));
        passes.add(rows(texts, List.of(2), 0, 4));
        passes.add(rows(texts, List.of(2), 4, PROMPT));
        for (int at = PROMPT; at < 15; at++) {
            passes.add(rows(texts, List.of(0, 1, 2), at, at + 1));
        }
        for (int at = 15; at < TIME; at += 2) {
            passes.add(rows(texts, List.of(2, 0), at, at + 2));
        }
        return passes;
    }

    private static Rows rows(List<int[]> texts, List<Integer> sequences, int from, int to) {
        int end = Math.min(to, TIME);
        Rows rows = new Rows(sequences.size() * (end - from));
        int row = 0;
        for (int s : sequences) {
            for (int at = from; at < end; at++, row++) {
                rows.tokens[row] = texts.get(s)[at];
                rows.positions[row] = at;
                rows.tables[row] = new int[] {s * BLOCKS + 1, s * BLOCKS};
                rows.ofPrompt[row] = at < PROMPT;
                rows.logits[row] = at % 3 != 1;
                rows.hidden[row] = at % 4 == 0;
            }
        }
        return rows;
    }

    /** Logits and hidden states of all passes. */
    private static List<float[]> run(InferenceModel model, List<Rows> passes) {
        List<float[]> results = new ArrayList<>();
        for (Rows pass : passes) {
            InferenceModel.Output output = pass.through(model);
            results.add(output.logits().toArray());
            results.add(output.hidden().toArray());
        }
        return results;
    }

    private record Split(int stages, int shards) {}

    /** One thread and one pool for each member. */
    private static List<float[]> runSplit(
            ModelConfig config, Parameters weights, Split split, String backend, InferenceSettings settings) {
        List<TestGroup> stageGroups = IntStream.range(0, split.shards)
                .mapToObj(i -> new TestGroup(split.stages))
                .toList();
        List<TestGroup> shardGroups = IntStream.range(0, split.stages)
                .mapToObj(i -> new TestGroup(split.shards))
                .toList();
        List<PeerThread> threads = new ArrayList<>();
        List<CompletableFuture<List<float[]>>> results = new ArrayList<>();
        for (int stage = 0; stage < split.stages; stage++) {
            for (int shard = 0; shard < split.shards; shard++) {
                ModelPart part = ModelPart.of(config, stage, split.stages, shard, split.shards);
                PartLinks links = new PartLinks(
                        stageGroups.get(shard).member(stage),
                        shardGroups.get(stage).member(shard));
                PeerThread thread = new PeerThread("member-" + stage + "-" + shard);
                threads.add(thread);
                results.add(thread.run(() -> member(part, links, weights, backend, settings)));
            }
        }
        List<List<float[]>> all = results.stream().map(CompletableFuture::join).toList();
        threads.forEach(PeerThread::close);
        int giver = (split.stages - 1) * split.shards;
        for (int i = 0; i < all.size(); i++) {
            boolean empty = all.get(i).stream().allMatch(rows -> rows.length == 0);
            assertThat(empty).isEqualTo(i != giver);
        }
        return all.get(giver);
    }

    private static List<float[]> member(
            ModelPart part, PartLinks links, Parameters weights, String backend, InferenceSettings settings) {
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            try (InferenceModel model = InferenceModel.create(
                    part, links, layer -> weights, kernels, settings.options(kernels, pool), SEQUENCES * BLOCKS, 32)) {
                return run(model, passes(part.config()));
            }
        }
    }

    private static void assertSameBits(String name, String backend, InferenceSettings settings, Split... splits) {
        ModelConfig config = named(name);
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters weights = TestModels.randomWeights(config, SEED, arena);
            List<float[]> whole = runSplit(config, weights, new Split(1, 1), backend, settings);
            assertThat(whole.getFirst()).isNotEmpty();
            for (Split split : splits) {
                List<float[]> parts = runSplit(config, weights, split, backend, settings);
                for (int i = 0; i < whole.size(); i++) {
                    assertThat(parts.get(i)).as("%s %s %d", name, split, i).isEqualTo(whole.get(i));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"llama", "qwen2", "gpt2"})
    void everySplitHasTheBitsOfOnePieceInEveryType(String name) {
        for (StorageType type : TYPES) {
            assertSameBits(
                    name,
                    "vector",
                    new InferenceSettings(type, Prefill.EXACT, Decode.EXACT),
                    new Split(2, 1),
                    new Split(3, 1),
                    new Split(1, 2),
                    new Split(2, 2));
        }
        if (named(name).numKvHeads() > 2) {
            assertSameBits(name, "vector", InferenceSettings.EXACT, new Split(1, 3), new Split(4, 3));
        }
    }

    static List<String> backends() {
        return TestModels.backends();
    }

    @ParameterizedTest
    @MethodSource("backends")
    void andWithEveryProvider(String backend) {
        TestedProviders.assumed(backend); // here: what a member's thread throws is a failure
        assertSameBits("llama", backend, InferenceSettings.EXACT, new Split(2, 2));
        assertSameBits("gpt2", backend, InferenceSettings.EXACT, new Split(1, 2));
    }

    @ParameterizedTest
    @CsvSource({
        "Q8_0,AUTO,BLOCKS",
        "Q4_0,AUTO,BLOCKS",
        "F32,INT8,EXACT",
        "Q4_0,INT8,INT8",
        "Q8_0,INT8,INT8",
        "F32,BF16,EXACT",
        "Q8_0,BF16,EXACT"
    })
    void andWithRoundedPromptsAndAnswers(StorageType type, Prefill prefill, Decode decode) {
        assumeTrue(prefill != Prefill.BF16
                || new OneDnnKernelProvider().unavailable().isEmpty());
        InferenceSettings settings = new InferenceSettings(type, prefill, decode);
        for (String name : List.of("llama", "qwen2", "gpt2")) {
            assertSameBits(name, "vector", settings, new Split(2, 1), new Split(1, 2), new Split(2, 2));
        }
    }

    /** Matrices and cache of a part are its share of them, and nothing of the others. */
    @ParameterizedTest
    @CsvSource({"2,1", "1,2", "2,2", "4,1"})
    void aMemberHoldsItsShare(int stages, int shards) {
        ModelConfig config = qwen2();
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Parameters weights = TestModels.randomWeights(config, SEED, arena);
            Kernels kernels = TestedProviders.assumed("vector").create(pool);
            InferenceOptions options = InferenceSettings.EXACT.options(kernels, pool);
            long whole;
            try (InferenceModel model = InferenceModel.create(config, layer -> weights, kernels, options, 6, 8)) {
                whole = model.matrixBytes();
            }
            long sum = 0;
            long cache = 0;
            long layer = whole / config.numLayers();
            for (int stage = 0; stage < stages; stage++) {
                for (int shard = 0; shard < shards; shard++) {
                    ModelPart part = ModelPart.of(config, stage, stages, shard, shards);
                    cache += part.cacheBlockBytes(StorageType.Q8_0);
                    try (InferenceModel model =
                            InferenceModel.create(part, PartLinks.alone(), number -> weights, kernels, options, 6, 8)) {
                        assertThat(model.matrixBytes()).isLessThanOrEqualTo(whole / stages / shards + layer / 2);
                        sum += model.matrixBytes();
                    }
                }
            }
            assertThat(sum).isEqualTo(whole);
            assertThat(cache).isEqualTo(ModelPart.whole(config).cacheBlockBytes(StorageType.Q8_0));
            assertThat(kernels.precision()).isEqualTo(Precision.FP32);
        }
    }

    @Test
    void theHeadCountsWhenLayersAreSharedOut() {
        ModelConfig large = new ModelConfig(
                "llama",
                128_256,
                2048,
                16,
                32,
                8,
                64,
                8192,
                2048,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                5e5,
                true,
                false,
                0);
        // A layer of this shape has 61 million parameters, the head 263 million.
        assertThat(ModelPart.of(large, 0, 2, 0, 1).range()).isEqualTo(new StageRange(0, 10, true, false));
        assertThat(ModelPart.of(large, 1, 2, 0, 1).range()).isEqualTo(new StageRange(10, 16, false, true));
        assertThat(ModelPart.of(large, 15, 16, 0, 1).range()).isEqualTo(new StageRange(15, 16, false, true));
    }

    @Test
    void aSplitThatCannotBeIsRefusedByItsKey() {
        assertThatThrownBy(() -> ModelPart.of(llama(), 0, 5, 0, 1))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("replica.pipeline = 5")
                .hasMessageContaining("4 layers");
        assertThatThrownBy(() -> ModelPart.of(llama(), 0, 1, 0, 4))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("replica.tensor = 4")
                .hasMessageContaining("3 key-value heads");
    }
}
