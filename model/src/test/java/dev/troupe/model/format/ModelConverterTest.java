package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.RopeScaling;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.SharedData;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceOptions;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StoredTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From one format to the other and back, bit for bit; files in fewer bits, beside the same rounding in memory. */
class ModelConverterTest {
    private static final int[] TOKENS = {1, 5, 7, 30, 2, 11, 60, 3, 3, 9};

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    private final TensorArena arena = TensorArena.open("test");

    @AfterEach
    void close() {
        arena.close();
    }

    static Stream<ModelConfig> configs() {
        return Stream.of(
                TestModels.llama(),
                TestModels.gpt2(true),
                TestModels.gpt2(false),
                TestModels.qwen2(),
                TestModels.attentionBiases(),
                TestModels.scaled(new RopeScaling.Linear(4), 0),
                TestModels.scaled(new RopeScaling.Llama3(8, 1, 4, 8192), 0),
                TestModels.scaled(new RopeScaling.Yarn(4, 32, 32, 1, 0.1 * Math.log(4) + 1), 0),
                TestModels.scaled(null, 24));
    }

    private Path directory(ModelConfig config) {
        Path directory = temp.resolve("original");
        Parameters weights = TestModels.random(config, arena, 1);
        ModelDirectory.write(directory, config, weights, TestModels.tokenizer());
        return directory;
    }

    private Path converted(Path from, String to, @Nullable StorageType type) {
        Path target = temp.resolve(to);
        ModelConverter.convert(from, target, type);
        return target;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void directoryToGgufAndBack(ModelConfig config) {
        Path original = directory(config);
        Path gguf = converted(original, "model.gguf", null);
        Path back = converted(gguf, "back", null);
        assertSame(original, gguf);
        assertSame(original, back);
    }

    /** As Qwen 2's: rows of the embedding are a round number, of which the vocabulary does not use the last ones. */
    @Test
    void moreRowsThanTokens() {
        ModelConfig base = TestModels.llama();
        int rows = TestModels.VOCAB + 18;
        ModelConfig config = base.withShare(base.numHeads(), base.numKvHeads(), base.ffnDim(), rows);
        Path original = directory(config);
        Path gguf = converted(original, "model.gguf", null);
        Path back = converted(gguf, "back", null);
        for (Path path : List.of(original, gguf, back)) {
            try (OpenModel model = ModelFiles.open(path)) {
                assertThat(model.config().vocabSize()).isEqualTo(rows);
                assertThat(model.tokenizer().vocabSize())
                        .isBetween(TestModels.tokenizer().vocabSize(), rows);
                assertThat(model.tokenizer().encodeMarkup("the theatre<|endoftext|>"))
                        .isEqualTo(TestModels.tokenizer().encodeMarkup("the theatre<|endoftext|>"));
                // A row may be sampled all the same.
                assertThat(model.tokenizer().tokenBytes(rows - 1)).isEmpty();
                assertThat(model.tokenizer().decode(new int[] {'t', rows - 1, 'h'}))
                        .isEqualTo(model.tokenizer().decode(new int[] {'t', 'h'}));
            }
            assertThat(logits(path, null)).hasSize(TOKENS.length * rows).isEqualTo(logits(original, null));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"F16", "BF16"})
    void halvesStayHalves(StorageType type) {
        Path halves = converted(directory(TestModels.gpt2(true)), "halves", type);
        Path gguf = converted(halves, "halves.gguf", null);
        assertSame(halves, converted(gguf, "back", null));
        try (OpenModel model = ModelFiles.open(gguf)) {
            assertThat(model.weights().type("h.1.mlp.c_fc.weight")).isEqualTo(type);
            assertThat(model.weights().type("h.1.mlp.c_fc.bias")).isEqualTo(StorageType.F32);
        }
    }

    /** Configuration, tokens, and the float32 values of all weights. */
    private void assertSame(Path expectedPath, Path actualPath) {
        try (OpenModel expected = ModelFiles.open(expectedPath);
                OpenModel actual = ModelFiles.open(actualPath)) {
            assertThat(actual.config())
                    .usingRecursiveComparison()
                    .ignoringFields("dropout") // of training only: GGUF has no key for it
                    .isEqualTo(HfConfig.normalized(expected.config()));
            String text = "It's a dictionary, isn't it? 1234 \u00e9\u4e2d\uD83D\uDE00";
            assertThat(actual.tokenizer().encode(text))
                    .isEqualTo(expected.tokenizer().encode(text));
            assertThat(actual.tokenizer().vocabSize())
                    .isGreaterThanOrEqualTo(expected.tokenizer().vocabSize());
            assertThat(actual.tokenizer().endTokens())
                    .isEqualTo(expected.tokenizer().endTokens());
            for (ParameterSpec spec : ParameterLayout.of(expected.config()).specs()) {
                assertThat(values(actual, spec)).as(spec.name()).isEqualTo(values(expected, spec));
            }
        }
    }

    private float[] values(OpenModel model, ParameterSpec spec) {
        try (TensorArena scratch = TensorArena.open("test")) {
            StoredTensor stored = model.weights().get(spec.name(), scratch);
            Tensor floats = scratch.allocate(stored.rows(), stored.columns());
            stored.read(floats.segment());
            return floats.toArray();
        }
    }

    @Test
    void largeModelsHaveSeveralFiles() throws IOException {
        Path original = directory(TestModels.llama());
        Path sharded = temp.resolve("sharded");
        try (OpenModel model = ModelFiles.open(original)) {
            DirectoryExport.write(model, sharded, null, 8_000);
        }
        try (Stream<Path> files = Files.list(sharded)) {
            assertThat(files.filter(file -> file.toString().endsWith(".safetensors"))
                            .count())
                    .isGreaterThan(3);
        }
        assertThat(sharded.resolve("model.safetensors.index.json")).exists();
        assertThat(sharded.resolve("model.safetensors")).doesNotExist();
        assertSame(original, sharded);
        assertSame(original, converted(sharded, "model.gguf", null));
        Files.delete(sharded.resolve("manifest.json"));
        String first = ModelDirectory.load(sharded, arena).version();
        Path shard;
        try (Stream<Path> files = Files.list(sharded)) {
            shard = files.filter(file -> file.toString().contains("model-00002"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(shard);
        bytes[bytes.length - 1] ^= 1;
        Files.write(shard, bytes);
        assertThat(ModelDirectory.load(sharded, arena).version()).isNotEqualTo(first);
        Files.delete(shard);
        assertThatThrownBy(() -> ModelFiles.open(sharded))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("does not exist");
    }

    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K", "F16"})
    void quantizedFileIsTheRoundingInMemory(StorageType type) throws IOException {
        Path original = directory(type.blockElements() == 256 ? TestModels.blocks() : TestModels.qwen2());
        Path file = converted(original, "rounded.gguf", type);
        assertMatricesAre(type, file);
        float[] inMemory = logits(original, type);
        assertThat(logits(file, null)).isEqualTo(inMemory);
        // Rounding again what was rounded changes nothing, whether a file or a directory is rounded.
        Path again = converted(file, "again.gguf", type);
        assertThat(Files.mismatch(file, again)).isEqualTo(-1);
        assertThat(inMemory).isNotEqualTo(logits(original, null));
    }

    private static void assertMatricesAre(StorageType type, Path file) {
        try (OpenModel model = ModelFiles.open(file)) {
            for (ParameterSpec spec : ParameterLayout.of(model.config()).specs()) {
                assertThat(model.weights().type(spec.name()))
                        .as(spec.name())
                        .isEqualTo(spec.shape().size() == 2 ? type : StorageType.F32);
            }
        }
    }

    private static float[] logits(Path path, @Nullable StorageType type) {
        try (FixedComputePool pool = FixedComputePool.create(2);
                OpenModel open = ModelFiles.open(path);
                InferenceModel model = InferenceModel.create(
                        open.config(),
                        layer -> open.weights(),
                        KernelProviders.select("vector").create(pool),
                        new InferenceOptions(type, null, null),
                        2,
                        TOKENS.length)) {
            int rows = TOKENS.length;
            int[] positions = new int[rows];
            Arrays.setAll(positions, i -> i);
            int[][] tables = new int[rows][];
            Arrays.fill(tables, new int[] {0});
            boolean[] wanted = new boolean[rows];
            Arrays.fill(wanted, true);
            return model.forward(rows, TOKENS, positions, tables, wanted).toArray();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stories260K/stories260K-F32.gguf",
                "stories260K/stories260K-Q8_0.gguf",
                "tinychat-3M/tinychat-3M-Q4_0.gguf",
                "tinystories-656K"
            })
    void publishedModelsSurviveTheWayThereAndBack(String name) {
        Path original = SharedData.find("models/" + name);
        boolean gguf = ModelFiles.isGguf(original);
        Path other = converted(original, gguf ? "directory" : "model.gguf", null);
        Path back = converted(other, gguf ? "back.gguf" : "back", null);
        assertSame(original, other);
        assertSame(original, back);
        assertThat(logits(back, null)).isEqualTo(logits(original, null));
    }

    /** Scores of the third are equal for its first 178 merges. */
    @ParameterizedTest
    @CsvSource({
        "stories260K/stories260K-F32.gguf, <s>, </s>",
        "tinychat-3M/tinychat-3M-Q4_0.gguf, '', <|endoftext|>",
        "tinystories-656K/TinyStories-656K-Q8_0.gguf, <|start_story|>, <|end_story|>"
    })
    void publishedVocabulariesSurviveTheWayThereAndBack(String name, String begin, String end) throws IOException {
        Path original = SharedData.find("models/" + name);
        Path directory = converted(original, "directory", null);
        Path back = converted(directory, "back.gguf", null);
        try (OpenModel first = ModelFiles.open(original);
                OpenModel second = ModelFiles.open(directory);
                OpenModel third = ModelFiles.open(back)) {
            Random random = new Random(21);
            String[] parts = {"to", " a", "once", " ", "upon", "time", ", ", "dog", "play", "ing", "\n", ". ", "\u00e9"
            };
            for (int i = 0; i < 500; i++) {
                StringBuilder text = new StringBuilder();
                for (int part = random.nextInt(1, 60); part > 0; part--) {
                    text.append(parts[random.nextInt(parts.length)]);
                }
                int[] ids = first.tokenizer().encode(text.toString());
                assertThat(second.tokenizer().encode(text.toString()))
                        .as("%s", text)
                        .isEqualTo(ids);
                assertThat(third.tokenizer().encode(text.toString()))
                        .as("%s", text)
                        .isEqualTo(ids);
            }
            assertThat(second.tokenizer().endTokens())
                    .isEqualTo(first.tokenizer().endTokens());
            assertThat(third.tokenizer().endTokens())
                    .isEqualTo(first.tokenizer().endTokens());
        }
        // For those who read this file and not tokenizer.json.
        JsonNode config = new JsonMapper()
                .readTree(directory.resolve("tokenizer_config.json").toFile());
        assertThat(config.path("bos_token").asText()).isEqualTo(begin);
        assertThat(config.path("add_bos_token").asBoolean()).isEqualTo(!begin.isEmpty());
        assertThat(config.path("eos_token").asText()).isEqualTo(end);
    }

    @Test
    void copyOfAGgufFileIsTheFile() throws IOException {
        Path original = SharedData.find("models/tinychat-3M/tinychat-3M-Q4_0.gguf");
        Path copy = converted(original, "copy.gguf", null);
        // That file lacks the padding after its last tensor.
        assertThat(Files.mismatch(original, copy)).isEqualTo(Files.size(original));
        assertThat(Files.size(copy) - Files.size(original)).isLessThan(32);
        assertThat(Files.mismatch(copy, converted(copy, "again.gguf", null))).isEqualTo(-1);
    }

    @Test
    void mistakesAreNamed() {
        Path original = directory(TestModels.llama());
        assertThatThrownBy(() -> ModelConverter.convert(original, original, null))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("exists: choose another target");
        assertThatThrownBy(() -> converted(original, "directory", StorageType.Q8_0))
                .hasMessageContaining("a directory holds f32, f16 or bf16, not q8_0");
        assertThatThrownBy(() -> converted(temp.resolve("nothing"), "a.gguf", null))
                .hasMessageContaining("nothing does not exist");
        Path mixture = temp.resolve("mixture");
        ModelConfig config = TestModels.mixture();
        ModelDirectory.write(mixture, config, TestModels.random(config, arena, 3), TestModels.tokenizer());
        assertThatThrownBy(() -> converted(mixture, "mixture.gguf", null)).hasMessageContaining("has no form in GGUF");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left.map(path -> path.getFileName().toString())).containsOnly("original", "mixture");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void numberThatIsNotFiniteIsNotRounded() {
        ModelConfig config = TestModels.llama();
        Parameters weights = TestModels.random(config, arena, 4);
        weights.get("model.layers.1.mlp.up_proj.weight").set(3, Float.NaN);
        Path directory = temp.resolve("nan");
        ModelDirectory.write(directory, config, weights, TestModels.tokenizer());
        assertThatThrownBy(() -> converted(directory, "nan.gguf", StorageType.Q8_0))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("model.layers.1.mlp.up_proj.weight holds NaN in row 0");
        assertThat(List.of(temp.toFile().list())).containsExactly("nan");
    }
}
