package dev.troupe.model.mesh.checkpoint;

import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.CheckpointContents;
import dev.troupe.model.format.CheckpointStore;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.RankProgram;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.mesh.StepOutcome;
import dev.troupe.model.mesh.TestMeshes;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of any mesh read by any other: the same numbers, and the same losses from there on. */
class MeshRestoreTest {
    private static final double RATE = 1e-2;
    private static final int BEFORE = 2;
    private static final int AFTER = 2;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path directory;

    @BeforeAll
    static void printSeed() {
        System.out.println("MeshRestoreTest: seed " + TestShards.SEED + " of numbers, 7 of trainings");
    }

    private static MeshSettings form(ModelConfig model, String form) {
        String[] parts = form.split("/", 2);
        return settings(model, parts[0], Integer.parseInt(parts[1]), 0);
    }

    private static Stream<Arguments> models(Stream<String> forms) {
        return forms.flatMap(
                form -> Stream.of(llama(true), llama(false), gpt2()).map(model -> Arguments.of(model, form)));
    }

    static Stream<Arguments> moves() {
        return models(Stream.of(
                "1x1x1/0 1x1x1/0",
                "2x1x1/3 1x1x1/0",
                "1x1x1/0 2x2x2/3",
                "1x2x1/0 1x1x4/0",
                "4x1x1/1 2x2x1/2",
                "2x2x2/2 1x2x1/0",
                "1x1x3/0 4x1x1/3",
                "2x2x2/3 2x1x2/1",
                "4x1x1/0 1x2x2/0"));
    }

    @ParameterizedTest
    @MethodSource("moves")
    void everyNumberIsWhereItBelongs(ModelConfig model, String move) {
        String[] forms = move.split(" ", 2);
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 1);
        MeshSettings from = form(model, forms[0]);
        Path saved = TestShards.save(store, from, 3, TestShards.SEED);
        List<String> warnings = new ArrayList<>();
        Optional<MeshCheckpointStore.Found> found = store.latestValid(model, warnings::add);
        assertThat(warnings).isEmpty();
        assertThat(found).contains(new MeshCheckpointStore.Found(saved, TestShards.training(from, 3)));
        assertRestored(saved, from, form(model, forms[1]));
    }

    private static void assertRestored(Path saved, MeshSettings from, MeshSettings to) {
        for (int rank = 0; rank < to.mesh().ranks(); rank++) {
            try (RankState state = new RankState(to, rank)) {
                TrainingState training = MeshCheckpointStore.restore(saved, state);
                assertThat(training).isEqualTo(TestShards.training(from, 3));
                TestShards.assertFilled(state, 3, TestShards.SEED);
            }
        }
        assertThat(NativeMemory.bytes("checkpoint.snapshot")).isZero();
        assertThat(NativeMemory.bytes("format.scratch")).isZero();
    }

    static Stream<Arguments> manyForms() {
        return models(Stream.of("1x1x1/0", "2x1x1/1", "2x2x2/3", "1x2x2/0"));
    }

    private static void fill(Parameters weights, OptimizerState optimizer) {
        for (ParameterSpec spec : weights.layout().specs()) {
            for (int i = 0; i < spec.size(); i++) {
                long at = spec.offset() + i;
                weights.flat().set(at, TestShards.number(StateKind.WEIGHT, spec.name(), i, TestShards.SEED));
                optimizer.moment1().set(at, TestShards.number(StateKind.MOMENT1, spec.name(), i, TestShards.SEED));
                optimizer.moment2().set(at, TestShards.number(StateKind.MOMENT2, spec.name(), i, TestShards.SEED));
            }
        }
        optimizer.setStep(3);
    }

    @ParameterizedTest
    @MethodSource("manyForms")
    void aMeshReadsWhatOneProcessWrote(ModelConfig model, String to) {
        MeshSettings single = settings(model, "1x1x1", 0, 0);
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(model), arena);
            OptimizerState optimizer =
                    OptimizerState.allocate(0, weights.layout().size(), arena);
            fill(weights, optimizer);
            Path saved = new CheckpointStore(directory)
                    .write(new CheckpointContents(
                            model, weights, optimizer, TestShards.tokenizer(), TestShards.training(single, 3)));
            assertThat(new MeshCheckpointStore(directory, 1).latestValid(model, _ -> {}))
                    .map(MeshCheckpointStore.Found::directory)
                    .contains(saved);
            assertRestored(saved, single, form(model, to));
        }
    }

    @ParameterizedTest
    @MethodSource("manyForms")
    void oneProcessReadsWhatAMeshWrote(ModelConfig model, String from) {
        MeshSettings settings = form(model, from);
        Path saved = TestShards.save(new MeshCheckpointStore(directory, 1), settings, 3, TestShards.SEED);
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters expected = Parameters.allocate(ParameterLayout.of(model), arena);
            Parameters weights = Parameters.allocate(expected.layout(), arena);
            OptimizerState expectedMoments =
                    OptimizerState.allocate(0, expected.layout().size(), arena);
            fill(expected, expectedMoments);
            long first = 100; // one of several optimizer shards
            long end = expected.layout().size() - 50;
            OptimizerState moments = OptimizerState.allocate(first, end, arena);
            assertThat(new CheckpointStore(directory).latestValid(_ -> {})).contains(saved);
            TrainingState training = CheckpointStore.load(saved, weights, moments);
            assertThat(training)
                    .isEqualTo(CheckpointStore.readState(saved))
                    .isEqualTo(TestShards.training(settings, 3));
            assertThat(weights.flat().toArray()).isEqualTo(expected.flat().toArray());
            int length = Math.toIntExact(end - first);
            assertThat(moments.moment1().toArray())
                    .isEqualTo(expectedMoments.moment1().view(first, length).toArray());
            assertThat(moments.moment2().toArray())
                    .isEqualTo(expectedMoments.moment2().view(first, length).toArray());
            assertThat(moments.step()).isEqualTo(3);
        }
    }

    private static List<Double> steps(RankProgram program, int count) {
        List<Double> outcomes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StepOutcome outcome = TestMeshes.step(program, RATE);
            outcomes.add(outcome.loss());
            outcomes.add(outcome.gradientNorm());
        }
        return outcomes;
    }

    /** Trains, saves, and trains on: what the later steps came to. */
    private List<Double> trainAndSave(MeshSettings settings) throws Exception {
        MeshCheckpointStore store = new MeshCheckpointStore(directory, 1);
        Path begun = store.begin(BEFORE);
        List<ShardFile> written = Collections.synchronizedList(new ArrayList<>());
        List<List<Double>> outcomes = TestMeshes.run(settings, (rank, state, program) -> {
            try (ShardSnapshot snapshot = ShardSnapshot.allocate(state)) {
                steps(program, BEFORE);
                snapshot.take(state);
                List<Double> later = steps(program, AFTER);
                new ShardWriter().write(begun, snapshot).ifPresent(written::add);
                return later;
            }
        });
        store.publish(settings, TestShards.tokenizer(), TestShards.training(settings, BEFORE), written);
        return outcomes.getFirst();
    }

    private List<Double> resume(MeshSettings settings) throws Exception {
        Path checkpoint = new MeshCheckpointStore(directory, 1)
                .latestValid(settings.model(), message -> {
                    throw new AssertionError(message);
                })
                .orElseThrow()
                .directory();
        return TestMeshes.run(settings, (rank, state, program) -> {
                    MeshCheckpointStore.restore(checkpoint, state);
                    return steps(program, AFTER);
                })
                .getFirst();
    }

    static Stream<Arguments> sameMeshes() {
        return models(Stream.of(
                "1x1x1/0", "2x1x1/0", "2x1x1/1", "2x1x1/2", "2x1x1/3", "1x2x1/0", "1x1x2/0", "1x1x3/0", "2x2x1/2",
                "2x1x2/1", "2x1x2/3", "1x2x2/0", "2x2x2/0", "2x2x2/3"));
    }

    @ParameterizedTest
    @MethodSource("sameMeshes")
    void aResumedMeshTakesTheStepsOfAnUndisturbedOne(ModelConfig model, String form) throws Exception {
        MeshSettings settings = form(model, form);
        List<Double> undisturbed = trainAndSave(settings);
        assertThat(resume(settings)).isEqualTo(undisturbed);
    }

    @ParameterizedTest
    @MethodSource("moves")
    void anotherMeshGoesOnWithTheSameLosses(ModelConfig model, String move) throws Exception {
        String[] forms = move.split(" ", 2);
        List<Double> undisturbed = trainAndSave(form(model, forms[0]));
        List<Double> resumed = resume(form(model, forms[1]));
        for (int i = 0; i < undisturbed.size(); i += 2) { // losses; norms are between them
            assertThat(Math.abs(resumed.get(i) - undisturbed.get(i)) / undisturbed.get(i))
                    .isLessThan(1e-5);
        }
    }

    /** A replica that is not the first writes nothing, and a table that two stages hold is written by the first. */
    @ParameterizedTest
    @ValueSource(strings = {"4x1x1/0 1", "4x1x1/1 4", "2x1x2/0 2", "1x2x1/0 2", "2x2x2/0 4", "2x2x2/3 8"})
    void onlyWhoHasSomethingOfItsOwnWrites(String expectation) {
        String[] parts = expectation.split(" ", 2);
        MeshSettings settings = form(llama(true), parts[0]);
        Path begun = new MeshCheckpointStore(directory, 1).begin(3);
        List<ShardFile> written = TestShards.writeShards(new ShardWriter(), begun, settings, 3, TestShards.SEED);
        assertThat(written).hasSize(Integer.parseInt(parts[1]));
        long numbers = 3 * 4 * ParameterLayout.of(settings.model()).size();
        long bytes = written.stream().mapToLong(file -> file.digest().bytes()).sum();
        int parameters = ParameterLayout.of(settings.model()).specs().size();
        assertThat(bytes).isBetween(numbers, numbers + 600L * parameters * written.size()); // headers
    }
}
