package dev.troupe.model.mesh.checkpoint;

import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.FaultyFiles;
import dev.troupe.model.format.LoadedModel;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import dev.troupe.model.transformer.ParameterSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage, kills, and what is kept. */
class MeshCheckpointStoreTest {
    private static final MeshSettings SETTINGS = settings(llama(true), "2x2x1", 3, 0);
    private static final MeshSettings OTHER_MODEL = settings(llama(false), "2x2x1", 3, 0);
    private static final MeshSettings SMALL = settings(llama(true), "2x1x1", 1, 0);
    private static final String MANIFEST = "manifest.json";
    private static final String SHARD = "rank-00002.safetensors";

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path directory;

    @BeforeAll
    static void printSeed() {
        System.out.println("MeshCheckpointStoreTest: seed " + TestShards.SEED);
    }

    /** Does something to a checkpoint. */
    interface Damage {
        void to(Path checkpoint) throws IOException;
    }

    private static void rewrite(Path file, UnaryOperator<byte[]> change) throws IOException {
        Files.write(file, change.apply(Files.readAllBytes(file)));
    }

    private static Damage named(Damage damage) {
        return damage;
    }

    private static byte[] flipped(byte[] bytes) {
        byte[] changed = bytes.clone();
        changed[changed.length - 1000] ^= 4;
        return changed;
    }

    static Stream<Arguments> damages() {
        return Stream.of(
                Arguments.of(
                        "a truncated file",
                        named(at -> rewrite(at.resolve(SHARD), bytes -> Arrays.copyOf(bytes, bytes.length - 1))),
                        SHARD + " is damaged: it has "),
                Arguments.of(
                        "a flipped bit",
                        named(at -> rewrite(at.resolve(SHARD), MeshCheckpointStoreTest::flipped)),
                        SHARD + " is damaged: its SHA-256 is "),
                Arguments.of("a missing file", named(at -> Files.delete(at.resolve(SHARD))), SHARD + " is missing"),
                Arguments.of(
                        "a missing tokenizer",
                        named(at -> Files.delete(at.resolve("tokenizer.json"))),
                        "tokenizer.json is missing"),
                Arguments.of(
                        "no manifest",
                        named(at -> Files.delete(at.resolve(MANIFEST))),
                        MANIFEST + " is missing: the checkpoint is not whole"),
                Arguments.of(
                        "a cut manifest",
                        named(at -> rewrite(at.resolve(MANIFEST), bytes -> Arrays.copyOf(bytes, bytes.length / 2))),
                        MANIFEST + " is damaged"),
                Arguments.of(
                        "the manifest of an earlier step",
                        named(at -> Files.copy(
                                at.resolveSibling("step-00000001").resolve(MANIFEST),
                                at.resolve(MANIFEST),
                                StandardCopyOption.REPLACE_EXISTING)),
                        " is damaged: "),
                Arguments.of(
                        "a later version",
                        named(at -> Files.writeString(
                                at.resolve(MANIFEST),
                                Files.readString(at.resolve(MANIFEST)).replace("\"version\" : 1", "\"version\" : 2"))),
                        "has version 2 of the sharded format"),
                Arguments.of(
                        "a file that the manifest does not list",
                        named(at -> Files.writeString(
                                at.resolve(MANIFEST),
                                Files.readString(at.resolve(MANIFEST)).replaceAll("\"rank-00002[^}]*},\\s*", ""))),
                        " are missing"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void damageIsNamedAndTheCheckpointBeforeIsUsed(String what, Damage damage, String message) throws IOException {
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 3);
        Path older = TestShards.save(store, SETTINGS, 1, TestShards.SEED);
        Path newer = TestShards.save(store, SETTINGS, 2, TestShards.SEED + 1);
        damage.to(newer);
        List<String> warnings = new ArrayList<>();
        assertThat(store.latestValid(SETTINGS.model(), warnings::add))
                .as(what)
                .map(MeshCheckpointStore.Found::directory)
                .contains(older);
        assertThat(warnings).singleElement().asString().contains(newer.toString(), message);
        assertRestores(older, SETTINGS, 1, TestShards.SEED);
    }

    @Test
    void aCheckpointOfAnotherModelIsPassedOver() {
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 3);
        Path older = TestShards.save(store, SETTINGS, 1, TestShards.SEED);
        Path newer = TestShards.save(store, OTHER_MODEL, 2, TestShards.SEED);
        List<String> warnings = new ArrayList<>();
        assertThat(store.latestValid(SETTINGS.model(), warnings::add))
                .map(MeshCheckpointStore.Found::directory)
                .contains(older);
        assertThat(warnings)
                .singleElement()
                .asString()
                .contains(newer.toString(), "is of another model than the configuration's");
        try (RankState state = new RankState(SETTINGS, 0)) {
            assertThatThrownBy(() -> MeshCheckpointStore.restore(newer, state))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("is of another model");
        }
    }

    private static void assertRestores(Path checkpoint, MeshSettings settings, long step, long seed) {
        for (int rank = 0; rank < settings.mesh().ranks(); rank++) {
            try (RankState state = new RankState(settings, rank)) {
                MeshCheckpointStore.restore(checkpoint, state);
                TestShards.assertFilled(state, step, seed);
            }
        }
    }

    /** Killed at each call to the file system in turn, while it saves step 2, or step 1 again. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void aKillWhileWritingLeavesTheOlderOneOrTheNewOne(long step) throws IOException {
        FaultyFiles counting = new FaultyFiles();
        Path counted = directory.resolve("counted");
        TestShards.save(new MeshCheckpointStore(counted, 1), SMALL, 1, TestShards.SEED);
        TestShards.save(new MeshCheckpointStore(counted, 1, counting), new ShardWriter(counting), SMALL, step, 99);
        assertThat(counting.calls()).isGreaterThan(20);
        int finished = 0;
        for (int call = 0; call < counting.calls(); call++) {
            Path at = directory.resolve("killed-at-" + call);
            TestShards.save(new MeshCheckpointStore(at, 1), SMALL, 1, TestShards.SEED);
            FaultyFiles files = new FaultyFiles();
            files.killAt(call);
            assertThatThrownBy(() -> TestShards.save(
                            new MeshCheckpointStore(at, 1, files), new ShardWriter(files), SMALL, step, 99))
                    .isInstanceOf(FaultyFiles.Killed.class);
            MeshCheckpointStore after = new MeshCheckpointStore(at, 1);
            MeshCheckpointStore.Found found =
                    after.latestValid(SMALL.model(), _ -> {}).orElseThrow();
            boolean isNew = holds(found.directory(), 99);
            assertThat(isNew || holds(found.directory(), TestShards.SEED)).isTrue();
            finished += isNew ? 1 : 0;
            assertThat(isNew).isEqualTo(finished > 0); // once there, it stays
            assertRestores(found.directory(), SMALL, found.training().step(), isNew ? 99 : TestShards.SEED);
            // And the run goes on from there.
            Path next = TestShards.save(after, SMALL, 3, 77);
            assertRestores(next, SMALL, 3, 77);
            assertThat(visible(at)).containsExactly("step-00000003");
            DurableFiles.LOCAL.deleteRecursively(at);
        }
        assertThat(finished).isPositive();
    }

    /** Whether its numbers are those of a seed: the first weight tells. */
    private static boolean holds(Path checkpoint, long seed) {
        try (RankState state = new RankState(SMALL, 0)) {
            MeshCheckpointStore.restore(checkpoint, state);
            String first = state.layout().specs().getFirst().name();
            return state.weights().get(first).get(0) == TestShards.number(StateKind.WEIGHT, first, 0, seed);
        }
    }

    private static List<String> visible(Path at) throws IOException {
        try (Stream<Path> entries = Files.list(at)) {
            return entries.map(entry -> String.valueOf(entry.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aFullDiskIsSaidAndLeavesNoFile() throws IOException {
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 2);
        Path older = TestShards.save(store, SMALL, 1, TestShards.SEED);
        FaultyFiles files = new FaultyFiles();
        files.spaceLeft(20_000);
        Path begun = store.begin(2);
        assertThatThrownBy(() -> TestShards.writeShards(new ShardWriter(files), begun, SMALL, 2, TestShards.SEED))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("rank 0 could not write")
                .hasMessageContaining("the disk is full");
        assertThat(visible(begun)).isEmpty();
        assertThat(store.latestValid(SMALL.model(), _ -> {}))
                .map(MeshCheckpointStore.Found::directory)
                .contains(older);
    }

    @Test
    void aCheckpointThatLacksARankIsNotPublished() {
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 2);
        Path begun = store.begin(2);
        List<ShardFile> written = TestShards.writeShards(new ShardWriter(), begun, SETTINGS, 2, TestShards.SEED);
        assertThatThrownBy(() -> store.publish(
                        SETTINGS,
                        TestShards.tokenizer(),
                        TestShards.training(SETTINGS, 2),
                        written.subList(0, written.size() - 1)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("the file of rank 3 is missing");
        assertThatThrownBy(() ->
                        store.publish(SETTINGS, TestShards.tokenizer(), TestShards.training(SETTINGS, 3), written))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("is not whole");
        assertThat(store.latestValid(SETTINGS.model(), _ -> {})).isEmpty();
    }

    @Test
    void theLastFewAreKeptAndUnfinishedOnesBeforeThemGo() throws IOException {
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 2);
        TestShards.save(store, SMALL, 1, TestShards.SEED);
        store.begin(2); // never finished
        TestShards.save(store, SMALL, 3, TestShards.SEED);
        assertThat(visible(directory)).containsExactly("step-00000001", "step-00000003");
        Path last = TestShards.save(store, SMALL, 4, TestShards.SEED);
        assertThat(visible(directory)).containsExactly("step-00000003", "step-00000004");
        assertThat(visible(last))
                .containsExactly(MANIFEST, "rank-00000.safetensors", "rank-00001.safetensors", "tokenizer.json");
    }

    static Stream<Arguments> exported() {
        return Stream.of(llama(true), llama(false), gpt2())
                .flatMap(model -> Stream.of("2x2x2", "1x1x3").map(mesh -> Arguments.of(model, mesh)));
    }

    @ParameterizedTest
    @MethodSource("exported")
    void anExportHasTheWeights(ModelConfig model, String mesh) throws IOException {
        MeshSettings settings = settings(model, mesh, 3, 0);
        Path checkpoint = TestShards.save(new MeshCheckpointStore(directory, 1), settings, 5, TestShards.SEED);
        Path exported = directory.resolve("exported");
        ModelConverter.convert(checkpoint, exported, null);
        assertThat(visible(exported)).contains("config.json", "model.safetensors", "tokenizer.json");
        try (TensorArena arena = TensorArena.open("test");
                OpenModel direct = ModelFiles.open(checkpoint)) {
            LoadedModel loaded = ModelDirectory.load(exported, arena);
            assertThat(loaded.config()).isEqualTo(direct.config());
            assertThat(loaded.tokenizer().vocabSize())
                    .isEqualTo(TestShards.tokenizer().vocabSize());
            assertThat(direct.parameters(arena).flat().toArray())
                    .isEqualTo(loaded.weights().flat().toArray());
            for (ParameterSpec spec : loaded.weights().layout().specs()) {
                Tensor tensor = loaded.weights().get(spec.name());
                for (int i = 0; i < tensor.size(); i++) {
                    TestShards.assertSame(
                            tensor.get(i), TestShards.number(StateKind.WEIGHT, spec.name(), i, TestShards.SEED));
                }
            }
        }
    }

    /** A character tokenizer has no form in GGUF, one of bytes has. */
    @Test
    void anExportToGgufHasTheWeights() {
        ModelConfig model = withVocabulary(llama(false), 270);
        MeshSettings settings = settings(model, "2x2x2", 3, 0);
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 1);
        Tokenizer tokenizer =
                BpeTrainer.train(List.of("the theatre of the thespians"), 270, List.of(BpeTrainer.END_OF_TEXT), 1);
        List<ShardFile> written =
                TestShards.writeShards(new ShardWriter(), store.begin(5), settings, 5, TestShards.SEED);
        Path checkpoint = store.publish(settings, tokenizer, TestShards.training(settings, 5), written);
        Path exported = directory.resolve("exported.gguf");
        ModelConverter.convert(checkpoint, exported, null);
        try (TensorArena arena = TensorArena.open("test");
                OpenModel gguf = ModelFiles.open(exported);
                OpenModel direct = ModelFiles.open(checkpoint)) {
            assertThat(gguf.tokenizer().encode("the others")).isEqualTo(tokenizer.encode("the others"));
            assertThat(gguf.parameters(arena).flat().toArray())
                    .isEqualTo(direct.parameters(arena).flat().toArray());
        }
    }

    /** Files of Hugging Face keep it beside tokenizer.json; a checkpoint's has it. */
    @Test
    void whatEndsAnAnswerIsKept() throws IOException {
        Tokenizer trained =
                BpeTrainer.train(List.of("the theatre of the thespians"), 270, List.of(BpeTrainer.END_OF_TEXT), 1);
        ObjectNode json = (ObjectNode) new JsonMapper().readTree(TokenizerJson.toWire(trained));
        json.withObject("/troupe").withArray("ends").add(7);
        Tokenizer tokenizer = TokenizerJson.parse(json.toString());
        MeshSettings settings = settings(withVocabulary(llama(false), 270), "2x2x2", 3, 0);
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 1);
        List<ShardFile> written =
                TestShards.writeShards(new ShardWriter(), store.begin(5), settings, 5, TestShards.SEED);
        Path checkpoint = store.publish(settings, tokenizer, TestShards.training(settings, 5), written);
        try (OpenModel model = ModelFiles.open(checkpoint)) {
            assertThat(model.tokenizer().endTokens()).containsExactlyInAnyOrder(7, trained.endOfText());
        }
    }

    private static ModelConfig withVocabulary(ModelConfig model, int size) {
        return new ModelConfig(
                model.architecture(),
                size,
                model.dim(),
                model.numLayers(),
                model.numHeads(),
                model.numKvHeads(),
                model.headDim(),
                model.ffnDim(),
                model.contextLength(),
                model.norm(),
                model.normEpsilon(),
                model.mlp(),
                model.positions(),
                model.ropeTheta(),
                model.tiedEmbeddings(),
                model.bias(),
                model.dropout());
    }
}
