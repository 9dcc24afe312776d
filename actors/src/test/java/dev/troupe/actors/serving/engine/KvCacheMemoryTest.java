package dev.troupe.actors.serving.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.tensor.NativeMemory;
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
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bytes that loaded engines hold for keys and values, as the arenas count them: never more than they were given. */
class KvCacheMemoryTest {
    private static final int CONTEXT = 64;

    @TempDir
    private Path directory;

    private Path write(String name, int layers, int numKvHeads, int headDim) {
        Tokenizer tokenizer = CharTokenizer.train("hello world");
        ModelConfig config = new ModelConfig(
                "llama",
                tokenizer.vocabSize(),
                16,
                layers,
                4,
                numKvHeads,
                headDim,
                24,
                CONTEXT,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
        try (TensorArena arena = TensorArena.open("test.kv-cache-memory")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(1);
            ModelDirectory.write(directory.resolve(name), config, weights, tokenizer);
        }
        return directory.resolve(name);
    }

    private record Held(int numKvBlocks, long bytes) {}

    private static Held held(Path model, Optional<Path> draft, StorageType cache, long kvBytes) {
        EngineSettings settings = new EngineSettings(
                "auto",
                Precision.FP32,
                new InferenceSettings(StorageType.F32, Prefill.EXACT, Decode.EXACT, cache),
                ComputeThreads.of(1),
                16,
                1000, // so many contexts need more than there is
                kvBytes,
                ServingMemory.OF_MACHINE,
                draft,
                Optional.empty());
        try (Engine engine = new DirectoryLoader(settings, "m", "plain", model).load()) {
            return new Held(engine.numKvBlocks(), NativeMemory.bytes("inference"));
        }
    }

    private static long rowBytes(Path model) {
        try (OpenModel open = ModelFiles.open(model)) {
            return ModelPart.whole(open.config()).rowBytes(16, 16);
        }
    }

    /** The rest of what engines hold does not depend on the cache: the difference between two of them tells. */
    @ParameterizedTest
    @CsvSource({
        "F32,2,6,false",
        "F32,1,10,true",
        "BF16,2,6,true",
        "F16,2,6,false",
        "Q8_0,2,6,false",
        "Q8_0,1,48,true",
        "Q8_0,4,34,false"
    })
    void keysAndValuesTakeNoMoreThanTheyWereGiven(StorageType cache, int numKvHeads, int headDim, boolean hasDraft) {
        Path model = write("model", 2, numKvHeads, headDim);
        Optional<Path> draft = hasDraft ? Optional.of(write("draft", 1, 2, 10)) : Optional.empty();
        long small = 333_333;
        long large = 777_777;
        long rows = rowBytes(model) + draft.map(KvCacheMemoryTest::rowBytes).orElse(0L);
        Held few = held(model, draft, cache, small);
        Held many = held(model, draft, cache, large);
        int more = many.numKvBlocks() - few.numKvBlocks();
        long block = (many.bytes() - few.bytes()) / more;
        assertThat(block * more).isEqualTo(many.bytes() - few.bytes());
        assertThat(rows + block * few.numKvBlocks()).isBetween(small - block + 1, small);
        assertThat(rows + block * many.numKvBlocks()).isBetween(large - block + 1, large);
    }
}
