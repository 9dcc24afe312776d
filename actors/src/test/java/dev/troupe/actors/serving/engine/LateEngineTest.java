package dev.troupe.actors.serving.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.int8.DotBlockProduct;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.Prefill;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file in blocks is served before its weights are laid out, and closed at any moment. */
class LateEngineTest {
    private static final int CONTEXT = 64;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @BeforeEach
    void write() {
        DotBlockProduct.unavailable().ifPresent(reason -> assumeTrue(false, reason));
        Tokenizer tokenizer = BpeTrainer.train(List.of("hello world"), 258, List.of(BpeTrainer.END_OF_TEXT), 1);
        ModelConfig config = new ModelConfig(
                "llama",
                tokenizer.vocabSize(),
                128,
                3,
                8,
                4,
                16,
                256,
                CONTEXT,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                false,
                false,
                0);
        Path model = directory.resolve("model");
        try (TensorArena arena = TensorArena.open("test.late-engine")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(1);
            ModelDirectory.write(model, config, weights, tokenizer);
        }
        ModelConverter.convert(model, file(), StorageType.Q8_0);
    }

    @AfterEach
    void nothingIsLeaked() {
        assertThat(NativeMemory.bytes("inference")).isZero();
    }

    private Path file() {
        return directory.resolve("model.gguf");
    }

    private Engine load(Optional<Path> layouts) {
        EngineSettings settings = new EngineSettings(
                "vector",
                Precision.FP32,
                new InferenceSettings(null, Prefill.AUTO, Decode.BLOCKS),
                ComputeThreads.of(2),
                32,
                4,
                1 << 20,
                ServingMemory.OF_MACHINE,
                Optional.empty(),
                layouts);
        return new DirectoryLoader(settings, "hello", "plain", file()).load();
    }

    /** Four requests at once, and then again. */
    private static Map<Long, List<SampledToken>> answers(Engine engine, int rounds) {
        SchedulingPolicy policy = new SchedulingPolicy(
                new SchedulingLimits(32, 4, 40, CONTEXT, engine.numKvBlocks()), new SchedulingOptions(false, false, 0));
        EngineLoop loop = new EngineLoop(policy, engine);
        for (int round = 0; round < rounds; round++) {
            IntStream.range(0, 4)
                    .mapToObj(i -> new GenerationRequest(
                            "r" + i,
                            IntStream.rangeClosed(0, 7 * i)
                                    .mapToObj(token -> token % 8)
                                    .toList(),
                            20,
                            List.of(),
                            Requests.sampling(i % 2, i, 2),
                            0))
                    .forEach(loop::offer);
            loop.run();
        }
        return loop.answers();
    }

    @Test
    void answersAreThoseOfWeightsThatWereLaidOutBefore() {
        Map<Long, List<SampledToken>> expected;
        try (Engine engine = load(Optional.of(directory.resolve("layouts")))) {
            assertThat(engine).isNotInstanceOf(LateEngine.class);
            expected = answers(engine, 40);
        }
        try (Engine engine = load(Optional.empty())) {
            assertThat(engine).isInstanceOf(LateEngine.class);
            assertThat(answers(engine, 40)).isEqualTo(expected);
        }
    }

    @Test
    void itMayBeClosedAtAnyMoment() {
        for (int rounds = 0; rounds < 4; rounds++) {
            Engine engine = load(Optional.empty());
            answers(engine, rounds);
            engine.close();
            assertThat(NativeMemory.bytes("inference")).isZero();
        }
    }

    @Test
    void aWeightThatIsNotFiniteIsNamedBeforeAnybodyAsks() throws IOException {
        String name = "blk.1.ffn_down.weight";
        long at;
        try (GgufFile gguf = GgufFile.open(file())) {
            at = gguf.position(Objects.requireNonNull(gguf.tensors().get(name)));
        }
        try (RandomAccessFile raw = new RandomAccessFile(file().toFile(), "rw")) {
            raw.seek(at);
            raw.write(new byte[] {0, 0x7C}); // the scale of the first block: infinity
        }
        assertThatThrownBy(() -> load(Optional.empty()))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("a float16 that is not finite");
    }
}
