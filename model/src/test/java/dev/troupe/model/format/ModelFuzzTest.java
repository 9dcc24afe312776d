package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Mutated models of both kinds, read whole: configuration, tokenizer and every tensor. Each is a model, or is refused
 * with a message that names the file; never with a crash, with much memory or with work that does not end.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ModelFuzzTest {
    private static final int CASES = 300;
    private static final long MOST_BYTES = 16 << 20; // of the heap, and for tensors, of files of some 100 kilobytes
    private static final int MOST_MESSAGE = 2000;
    private static final long MOST_FILE_BYTES = 8_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    @AfterEach
    void nothingIsLeft() {
        assertThat(NativeMemory.bytes("fuzz")).isZero();
        assertThat(NativeMemory.bytes("format.scratch")).isZero();
    }

    /** Llama's tensors with a byte-level vocabulary or one of SentencePiece's, or in blocks; or GPT-2's. */
    enum Kind {
        LLAMA,
        BLOCKS,
        SENTENCE_PIECE,
        GPT2
    }

    private Path gguf(Kind kind) throws IOException {
        Path gguf = temp.resolve("original.gguf");
        ModelConverter.convert(
                directory(kind == Kind.SENTENCE_PIECE ? Kind.LLAMA : kind),
                gguf,
                kind == Kind.BLOCKS ? StorageType.Q8_0 : null);
        if (kind == Kind.SENTENCE_PIECE) {
            FuzzedModels.withScores(gguf, temp.resolve("scores.gguf"));
            return temp.resolve("scores.gguf");
        }
        return gguf;
    }

    private Path directory(Kind kind) throws IOException {
        Path directory = temp.resolve(kind.name());
        if (kind == Kind.SENTENCE_PIECE) {
            ModelConverter.convert(gguf(kind), directory, null);
        } else {
            try (TensorArena arena = TensorArena.open("test")) {
                ModelConfig config = switch (kind) {
                    case GPT2 -> TestModels.gpt2(true);
                    case BLOCKS -> TestModels.ofWholeBlocks();
                    default -> TestModels.llama();
                };
                ModelDirectory.write(directory, config, TestModels.random(config, arena, 1), TestModels.tokenizer());
            }
        }
        Files.writeString(
                directory.resolve(GenerationConfig.FILE_NAME),
                "{\"eos_token_id\": [0], \"temperature\": 0.7, \"top_k\": 20, \"top_p\": 0.8}");
        return directory;
    }

    @ParameterizedTest
    @CsvSource({"1, LLAMA", "2, GPT2", "3, SENTENCE_PIECE", "4, SENTENCE_PIECE", "17, BLOCKS"})
    void ggufFiles(long seed, Kind kind) throws IOException {
        Path original = gguf(kind);
        byte[] file = Files.readAllBytes(original);
        int headerBytes;
        try (GgufFile gguf = GgufFile.open(original)) {
            headerBytes = (int) gguf.headerBytes().byteSize();
        }
        Path mutated = temp.resolve("mutated.gguf");
        fuzz(mutated, mutated, file, seed, random -> FuzzedModels.bytes(file, headerBytes, random));
    }

    @ParameterizedTest
    @CsvSource({
        "config.json, 5, LLAMA",
        "config.json, 6, GPT2",
        "tokenizer.json, 7, LLAMA",
        "tokenizer.json, 8, SENTENCE_PIECE",
        "tokenizer_config.json, 9, LLAMA",
        "generation_config.json, 10, LLAMA",
        "model.safetensors.index.json, 11, LLAMA",
        "manifest.json, 14, LLAMA",
    })
    void jsonOfADirectory(String name, long seed, Kind kind) throws IOException {
        Path directory = directory(kind);
        if (name.equals(WeightFiles.INDEX)) {
            split(directory);
        }
        Path file = directory.resolve(name);
        if (!name.equals(DirectoryManifest.FILE_NAME)) { // which would find every change of another file
            Files.delete(directory.resolve(DirectoryManifest.FILE_NAME));
        }
        byte[] original = Files.readAllBytes(file);
        fuzz(
                directory,
                file,
                original,
                seed,
                random -> random.nextInt(3) == 0
                        ? FuzzedModels.bytes(original, original.length, random)
                        : FuzzedModels.json(original, random));
    }

    @ParameterizedTest
    @CsvSource({"12, LLAMA", "13, GPT2"})
    void weightsOfADirectory(long seed, Kind kind) throws IOException {
        Path directory = directory(kind);
        Files.delete(directory.resolve(DirectoryManifest.FILE_NAME));
        Path file = directory.resolve(WeightFiles.SINGLE);
        byte[] original = Files.readAllBytes(file);
        int headerBytes = headerBytes(original);
        fuzz(directory, file, original, seed, random -> FuzzedModels.bytes(original, headerBytes, random));
    }

    @ParameterizedTest
    @CsvSource({"rank-00001.safetensors, 15", "manifest.json, 16"})
    void filesOfAShardedCheckpoint(String name, long seed) throws IOException {
        Path directory = temp.resolve("sharded");
        FuzzedShards.write(directory);
        Path file = directory.resolve(name);
        byte[] original = Files.readAllBytes(file);
        if (name.equals(FuzzedShards.LAST)) {
            int headerBytes = headerBytes(original);
            fuzz(
                    directory,
                    file,
                    original,
                    seed,
                    random -> FuzzedModels.bytes(original, headerBytes, random),
                    () -> FuzzedShards.sign(directory));
        } else {
            fuzz(directory, file, original, seed, random -> FuzzedModels.json(original, random));
        }
    }

    private static int headerBytes(byte[] safetensors) {
        return 8 + ByteBuffer.wrap(safetensors).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    /** All weights of the index are in the files that it names. */
    private static void split(Path directory) throws IOException {
        Path whole = directory.resolveSibling("whole");
        Files.move(directory, whole);
        try (OpenModel model = ModelFiles.open(whole)) {
            DirectoryExport.write(model, directory, null, MOST_FILE_BYTES);
        }
        assertThat(directory.resolve(WeightFiles.INDEX)).exists();
    }

    private interface Mutation {
        byte[] of(SplittableRandom random) throws IOException;
    }

    private interface AfterMutation {
        void run() throws IOException;
    }

    private void fuzz(Path model, Path file, byte[] original, long seed, Mutation mutation) throws IOException {
        fuzz(model, file, original, seed, mutation, () -> {});
    }

    /** @param file of the model, which is mutated */
    private void fuzz(Path model, Path file, byte[] original, long seed, Mutation mutation, AfterMutation after)
            throws IOException {
        Files.write(file, original);
        for (int i = 0; i < 3; i++) { // loads classes, whose heap would count as the first mutation's
            readWhole(model);
        }
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            Files.write(file, mutation.of(new SplittableRandom(seed * CASES + i)));
            after.run();
            String which = file.getFileName() + ", mutation " + i + " of seed " + seed;
            long before = threads.getTotalThreadAllocatedBytes();
            try {
                readWhole(model);
            } catch (TroupeException e) {
                assertThat(e.getMessage()).as(which).contains(model.toString()).hasSizeLessThan(MOST_MESSAGE);
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError(which, e);
            }
            assertThat(threads.getTotalThreadAllocatedBytes() - before)
                    .as("heap for %s", which)
                    .isLessThan(MOST_BYTES);
        }
        System.out.printf("%s, seed %d: %d of %d refused%n", file.getFileName(), seed, refused, CASES);
        assertThat(refused).isBetween(1, CASES - 1);
    }

    private static void readWhole(Path path) {
        try (OpenModel model = ModelFiles.open(path);
                TensorArena arena = TensorArena.open("fuzz")) {
            Parameters parameters = model.parameters(arena);
            assertThat(parameters.flat().size()).isPositive();
            assertThat(NativeMemory.bytes("fuzz")).isLessThan(MOST_BYTES);
            assertThat(model.bytesByType()).isNotEmpty();
            assertThat(model.version()).isNotEmpty();
            use(model.tokenizer());
        }
    }

    /** What serving asks of a tokenizer; that a vocabulary lacks a character is no damage. */
    private static void use(Tokenizer tokenizer) {
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            Objects.requireNonNull(tokenizer.tokenBytes(id));
        }
        tokenizer.endTokens().forEach(id -> Objects.checkIndex(id, tokenizer.vocabSize()));
        tokenizer.beginOfText().ifPresent(id -> Objects.checkIndex(id, tokenizer.vocabSize()));
        try {
            assertThat(tokenizer.decode(tokenizer.encode("the theatre of"))).isNotNull();
        } catch (TroupeException e) {
            assertThat(e.getMessage()).contains("the character");
        }
    }
}
