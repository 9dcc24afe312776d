package dev.troupe.actors.serving.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.ModelSummary;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.NotEnoughMemoryException;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.Prefill;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DirectoryLoaderTest {
    private static final EngineSettings SETTINGS = new EngineSettings("auto", Precision.FP32, 1, 32, 4, 1 << 20);

    @TempDir
    private Path directory;

    @AfterEach
    void nothingIsLeaked() {
        assertThat(NativeMemory.bytes("serving.loading")).isZero();
        assertThat(NativeMemory.bytes("inference")).isZero();
    }

    private Path write() {
        Tokenizer tokenizer = CharTokenizer.train("hello world");
        ModelConfig config = new ModelConfig(
                "gpt2",
                tokenizer.vocabSize(),
                16,
                1,
                2,
                2,
                8,
                32,
                40,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                10_000,
                true,
                true,
                0);
        Path model = directory.resolve("model");
        try (TensorArena arena = TensorArena.open("test.directory-loader")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(1);
            ModelDirectory.write(model, config, weights, tokenizer);
        }
        return model;
    }

    @Test
    void describesWhatItLoads() {
        Path model = write();
        try (Engine engine = new DirectoryLoader(SETTINGS, "hello", "plain", model).load()) {
            assertThat(NativeMemory.bytes("serving.loading")).isZero();
            assertThat(NativeMemory.bytes("inference")).isPositive();
            assertThat(engine.description().modelId()).isEqualTo("hello");
            assertThat(engine.description().contextLength()).isEqualTo(40);
            assertThat(engine.description().version()).isNotBlank();
            assertThat(engine.numKvBlocks()).isEqualTo(4 * 3); // four contexts of 40 tokens in blocks of 16
            Tokenizer tokenizer = engine.description().tokenizer().tokenizer();
            assertThat(tokenizer.decode(tokenizer.encode("hello"))).isEqualTo("hello");
        }
    }

    /** Replicas with the same words have the same bits, and {@code up} shows them: what auto came to, too. */
    @ParameterizedTest
    @CsvSource({
        "AUTO, AUTO, 'decode exact, cache f32'",
        "AUTO, EXACT, 'decode exact, cache f32'",
        "AUTO, BLOCKS, 'decode blocks, cache f32'",
        "AUTO, INT8, 'decode int8, cache f32'",
        "INT8, AUTO, 'decode exact, prefill int8, cache f32'"
    })
    void saysHowItIsComputed(Prefill prefill, Decode decode, String words) {
        EngineSettings settings = new EngineSettings(
                "vector", Precision.FP32, new InferenceSettings(StorageType.Q8_0, prefill, decode), 1, 32, 4, 1 << 20);
        try (Engine engine = new DirectoryLoader(settings, "hello", "plain", write()).load()) {
            assertThat(engine.description().arithmetic()).isEqualTo("vector kernels, weights q8_0, " + words);
        }
    }

    /** How many bytes an engine holds whose weights are rounded to bf16, and its version. */
    private static String loaded(Path model, Path layouts) {
        EngineSettings rounded = new EngineSettings(
                "auto",
                Precision.FP32,
                new InferenceSettings(StorageType.BF16, Prefill.EXACT, Decode.EXACT),
                ComputeThreads.of(1),
                32,
                4,
                1 << 20,
                ServingMemory.OF_MACHINE,
                Optional.empty(),
                Optional.of(layouts));
        LoadTimes times = new LoadTimes();
        try (Engine engine = new DirectoryLoader(rounded, "hello", "plain", model).load(times)) {
            assertThat(times.seconds()).containsKey("layouts");
            return engine.description().version() + " " + NativeMemory.bytes("inference");
        }
    }

    private static List<Path> files(Path layouts) throws IOException {
        try (Stream<Path> files = Files.list(layouts)) {
            return files.filter(file -> file.toString().endsWith(".layouts")).toList();
        }
    }

    @Test
    void layoutsOfOneLoadAreThoseOfTheNext() throws IOException {
        Path model = write();
        Path layouts = directory.resolve("layouts");
        String first = loaded(model, layouts);
        String second = loaded(model, layouts);
        assertThat(second).isNotEqualTo(first).startsWith(first.substring(0, first.indexOf(' ') + 1));
        assertThat(files(layouts)).hasSize(1);
    }

    @Test
    void aModelIsLoadedFromItsOwnFilesWhereItsLayoutsAreDamaged() throws IOException {
        Path model = write();
        Path layouts = directory.resolve("layouts");
        String first = loaded(model, layouts);
        Path file = files(layouts).getFirst();
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThat(loaded(model, layouts)).isEqualTo(first);
        assertThat(loaded(model, layouts)).isNotEqualTo(first); // it was written anew
    }

    @Test
    void aMissingDirectoryIsNamed() {
        Path nowhere = directory.resolve("nowhere");
        assertThatThrownBy(() -> new DirectoryLoader(SETTINGS, "x", "plain", nowhere).load())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("nowhere");
    }

    @Test
    void anUnknownTemplateOrBackendIsNamed() {
        Path model = write();
        assertThatThrownBy(() -> new DirectoryLoader(SETTINGS, "x", "klingon", model).load())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("klingon");
        EngineSettings abacus = new EngineSettings("abacus", Precision.FP32, 1, 32, 4, 1 << 20);
        assertThatThrownBy(() -> new DirectoryLoader(abacus, "x", "plain", model).load())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("abacus");
    }

    @Test
    void aCacheThatIsTooSmallSaysHowLargeItMustBe() {
        Path model = write();
        EngineSettings tight = new EngineSettings("auto", Precision.FP32, 1, 32, 4, 100);
        // 3 blocks · 16 tokens · keys and values · 2 heads · 8 · 4 bytes
        long least = 6144 + rowBytes(model, 32, 4);
        assertThatThrownBy(() -> new DirectoryLoader(tight, "x", "plain", model).load())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("troupe.serving.kvCache")
                .hasMessageContaining("at least " + least + " bytes are needed");
    }

    private static long rowBytes(Path model, int maxBatchTokens, int maxRunning) {
        try (OpenModel open = ModelFiles.open(model)) {
            return ModelPart.whole(open.config()).rowBytes(maxBatchTokens, maxRunning);
        }
    }

    private static EngineSettings within(long memory, int maxRunning, long kvCacheBytes) {
        return new EngineSettings(
                "auto",
                Precision.FP32,
                InferenceSettings.EXACT,
                ComputeThreads.of(1),
                128,
                maxRunning,
                kvCacheBytes,
                ServingMemory.of(memory),
                Optional.empty(),
                Optional.empty());
    }

    @Test
    void aModelThatMemoryIsTooSmallForIsRefusedAndACacheTakesWhatIsLeft() throws IOException {
        Path model = write();
        long weights;
        long block;
        try (OpenModel open = ModelFiles.open(model)) {
            ModelSummary summary = ModelSummary.of(open);
            weights = summary.weightBytes();
            block = summary.kvBytesPerToken() * KvBlocks.BLOCK_TOKENS;
        }
        assertThatThrownBy(new DirectoryLoader(within(weights - 1, 4, 1 << 20), "hello", "plain", model)::load)
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(model + " needs " + weights + " bytes of memory for weights, more than the "
                        + (weights - 1) + " that troupe.serving.memory allows");
        assertThat(NativeMemory.bytes("inference")).isZero();
        EngineSettings settings = within(weights + rowBytes(model, 128, 4) + 5 * block, 4, 1 << 20);
        try (Engine engine = new DirectoryLoader(settings, "hello", "plain", model).load()) {
            assertThat(engine.numKvBlocks()).isEqualTo(5);
        }
    }

    /** A cache that is larger than what a process has addresses for. */
    @Test
    void aCacheThatDoesNotFitInMemorySaysWhatToDo() {
        Tokenizer tokenizer = CharTokenizer.train("hello world");
        ModelConfig config = new ModelConfig(
                "llama",
                tokenizer.vocabSize(),
                16,
                2,
                8,
                8,
                64,
                32,
                ModelConfig.MOST_CONTEXT,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
        Path model = directory.resolve("model");
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(1);
            ModelDirectory.write(model, config, weights, tokenizer);
        }
        EngineSettings settings = within(1L << 50, 128, 1L << 49);
        assertThatThrownBy(new DirectoryLoader(settings, "test", "plain", model)::load)
                .isInstanceOf(NotEnoughMemoryException.class)
                .hasMessageContaining("of memory for keys and values of 34359738352 tokens")
                .hasMessageContaining(model + " needs less with rounded weights (--weights q8_0 or q4_0)")
                .hasMessageContaining("troupe.serving.kvCache (562949953421312 bytes)");
    }
}
