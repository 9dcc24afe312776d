package dev.troupe.model.format.layouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layouts of one load that the next one maps: the same bits, and none that belong to something else. */
class KeptLayoutsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    private final FixedComputePool pool = FixedComputePool.create(2);

    /**
     * A load.
     *
     * @param found whether it had layouts of another
     * @param bytes of native memory that the model took
     */
    private record Load(boolean found, String version, long bytes, List<Float> logits, Path file) {}

    @BeforeEach
    void write() {
        writeModel(SmallModel.SEED);
    }

    @AfterEach
    void close() {
        pool.close();
    }

    private Path model() {
        return temp.resolve("model");
    }

    private Path layouts() {
        return temp.resolve("layouts");
    }

    private void writeModel(long seed) {
        SmallModel.write(model(), seed);
    }

    private Load load() {
        return load(new InferenceSettings(StorageType.Q8_0, Prefill.EXACT, Decode.EXACT), "a test");
    }

    private Load load(InferenceSettings settings, String serving) {
        return load(settings, place(serving));
    }

    private KeptLayouts.Place place(String serving) {
        return KeptLayouts.place(layouts(), model(), serving);
    }

    private Load load(InferenceSettings settings, KeptLayouts.Place place) {
        try {
            return load(settings, place, false);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @param takesIn whether what was found becomes the process's own before the model answers */
    private Load load(InferenceSettings settings, KeptLayouts.Place place, boolean takesIn)
            throws InterruptedException {
        long before = NativeMemory.bytes("inference");
        try (OpenModel files = ModelFiles.open(model())) {
            KeptLayouts kept = place.of(files);
            boolean found = kept.areFound();
            OpenModel opened = kept.model();
            Kernels kernels = KernelProviders.select("vector").create(pool);
            try (InferenceModel model = InferenceModel.create(
                    SmallModel.CONFIG,
                    layer -> opened.weights(),
                    kernels,
                    settings.options(kernels, pool),
                    1,
                    SmallModel.ROWS)) {
                String version = opened.version();
                kept.keep(version);
                long bytes = NativeMemory.bytes("inference") - before;
                if (takesIn) {
                    kept.takeIn();
                }
                return new Load(found, version, bytes, logits(model), kept.file());
            }
        }
    }

    private static List<Float> logits(InferenceModel model) {
        return SmallModel.logits(model, SmallModel.ROWS / 2);
    }

    private List<Path> kept() throws IOException {
        if (!Files.exists(layouts())) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(layouts())) {
            return files.filter(file -> file.toString().endsWith(".layouts")).toList();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "BF16, EXACT, EXACT",
        "F16, EXACT, EXACT",
        "Q8_0, EXACT, EXACT",
        "Q6_K, EXACT, EXACT",
        "Q4_K, EXACT, EXACT",
        "Q4_0, EXACT, EXACT",
        "Q8_0, AUTO, BLOCKS",
        "Q4_K, AUTO, BLOCKS",
        "Q6_K, AUTO, BLOCKS",
        "Q8_0, INT8, EXACT",
        "Q8_0, INT8, INT8",
        "Q4_0, INT8, INT8",
        "Q4_K, INT8_COPY, INT8"
    })
    void aLaterLoadHasTheSameBitsAndLaysNothingOut(StorageType type, Prefill prefill, Decode decode)
            throws IOException {
        InferenceSettings settings = new InferenceSettings(type, prefill, decode);
        Load first = load(settings, "a test");
        Load second = load(settings, "a test");
        assertThat(first.found()).isFalse();
        assertThat(second.found()).isTrue();
        assertThat(second.version()).isEqualTo(first.version());
        assertThat(second.logits()).isEqualTo(first.logits());
        // All matrices came from the file, which has nothing else.
        long matrices = first.bytes() - second.bytes();
        assertThat(matrices).isPositive();
        assertThat(Files.size(second.file())).isBetween(matrices, matrices + 8000);
    }

    @Test
    void theModelAnswersTheSameOnceTheyAreItsOwn() throws InterruptedException {
        InferenceSettings settings = new InferenceSettings(StorageType.Q8_0, Prefill.EXACT, Decode.EXACT);
        Load first = load(settings, "a test");
        Load second = load(settings, place("a test"), true);
        assertThat(second.found()).isTrue();
        assertThat(second.logits()).isEqualTo(first.logits());
    }

    @Test
    void float32IsLaidOutAtEachLoad() throws IOException {
        InferenceSettings exact = InferenceSettings.EXACT;
        Load first = load(exact, "a test");
        Load second = load(exact, "a test");
        assertThat(second.logits()).isEqualTo(first.logits());
        assertThat(kept()).isEmpty();
    }

    @Test
    void otherWeightsAreNoticedByTheFileAlone() throws IOException {
        Load first = load();
        writeModel(SmallModel.SEED + 1);
        Load other = load();
        assertThat(other.found()).isFalse();
        assertThat(other.version()).isNotEqualTo(first.version());
        assertThat(other.logits()).isNotEqualTo(first.logits());
        assertThat(load().logits()).isEqualTo(other.logits());
        assertThat(kept()).hasSize(1); // in place of the other
    }

    @Test
    void filesThatWereTouchedAreReadAgain() throws IOException {
        Load first = load();
        Files.setLastModifiedTime(model().resolve("model.safetensors"), FileTime.fromMillis(1_000_000));
        Load touched = load();
        assertThat(touched.found()).isFalse();
        assertThat(touched.version()).isEqualTo(first.version());
        assertThat(load().found()).isTrue();
    }

    @Test
    void filesThatChangeWhileTheyAreOpenedAreNeitherLookedForNorKept() throws IOException {
        InferenceSettings settings = new InferenceSettings(StorageType.Q8_0, Prefill.EXACT, Decode.EXACT);
        KeptLayouts.Place before = place("a test");
        Load old = load(settings, before);
        writeModel(SmallModel.SEED + 1);
        Load changed = load(settings, before);
        assertThat(changed.found()).isFalse();
        assertThat(changed.logits()).isNotEqualTo(old.logits());
        Files.delete(old.file());
        load(settings, before);
        assertThat(kept()).isEmpty();
    }

    @Test
    void anotherWayOfServingHasAFileOfItsOwn() throws IOException {
        load();
        assertThat(load(new InferenceSettings(StorageType.Q4_0, Prefill.EXACT, Decode.EXACT), "another")
                        .found())
                .isFalse();
        assertThat(kept()).hasSize(2);
        assertThat(load().found()).isTrue();
    }

    @Test
    void aDamagedFileIsRemovedAndNamed() throws IOException {
        Load first = load();
        try (RandomAccessFile file = new RandomAccessFile(first.file().toFile(), "rw")) {
            file.seek(file.length() / 2);
            int old = file.read();
            file.seek(file.length() / 2);
            file.write(old ^ 1);
        }
        assertThatThrownBy(this::load)
                .isInstanceOf(DamagedLayoutsException.class)
                .hasMessageContaining(first.file().toString());
        assertThat(kept()).isEmpty();
        assertThat(load().logits()).isEqualTo(first.logits());
        assertThat(load().found()).isTrue();
    }

    @Test
    void whatIsNoFileOfLayoutsIsReplaced() throws IOException {
        Load first = load();
        byte[] whole = Files.readAllBytes(first.file());
        List<byte[]> others = new ArrayList<>();
        others.add(new byte[0]);
        others.add(new byte[] {(byte) 0xFF, -1, -1, -1, -1, -1, -1, 127, '{'});
        others.add(Arrays.copyOf(whole, whole.length - 1));
        others.add(Arrays.copyOf(whole, 100));
        others.add(new String(whole, StandardCharsets.ISO_8859_1)
                .replace("revision\":\"" + KeptLayouts.REVISION, "revision\":\"0")
                .getBytes(StandardCharsets.ISO_8859_1));
        for (byte[] other : others) {
            Files.write(first.file(), other);
            Load replaced = load();
            assertThat(replaced.found()).isFalse();
            assertThat(replaced.logits()).isEqualTo(first.logits());
            assertThat(load().found()).isTrue();
        }
    }

    @Test
    void layoutsThatTheFileHasNotAreMade() throws IOException {
        Load first = load();
        // The same file under the name of a way of serving that wants other layouts, as after a mistake of revisions.
        InferenceSettings four = new InferenceSettings(StorageType.Q4_0, Prefill.EXACT, Decode.EXACT);
        Load mixed = load(four, "a test");
        assertThat(mixed.found()).isTrue();
        Files.delete(first.file());
        assertThat(mixed.logits()).isEqualTo(load(four, "a test").logits());
        assertThat(kept()).hasSize(1);
    }

    @Test
    void oneLoaderWritesAndOthersGoWithout() throws IOException {
        Files.createDirectories(layouts());
        Path file;
        try (OpenModel files = ModelFiles.open(model())) {
            file = place("a test").of(files).file();
        }
        Path lock = file.resolveSibling("." + file.getFileName() + ".lock");
        Load beside;
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            beside = load();
            assertThat(kept()).isEmpty();
        }
        // What a writer that was killed has left is in nobody's way.
        Files.writeString(file.resolveSibling("." + file.getFileName() + ".partial"), "half");
        assertThat(load().logits()).isEqualTo(beside.logits());
        assertThat(load().found()).isTrue();
    }

    @Test
    void aLoadIsNoWorseWhereNothingCanBeKept() throws IOException {
        Files.writeString(layouts(), "no directory");
        Load first = load();
        assertThat(load().logits()).isEqualTo(first.logits());
        assertThat(layouts()).hasContent("no directory");
    }
}
