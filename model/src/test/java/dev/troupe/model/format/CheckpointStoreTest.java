package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossRecorder;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {
    private final TensorArena arena = TensorArena.open("test");
    private final ModelConfig config = TestModels.llama();
    private final ParameterLayout layout = ParameterLayout.of(config);
    private final List<String> warnings = new ArrayList<>();

    @TempDir
    Path temp;

    @AfterEach
    void closeArena() {
        arena.close();
    }

    @Test
    void everythingIsRestoredBitForBit() {
        CheckpointContents contents = contents(120);
        Path checkpoint = new CheckpointStore(directory()).write(contents);
        assertThat(checkpoint).hasFileName("step-00000120");
        Parameters weights = Parameters.allocate(layout, arena);
        OptimizerState optimizer = OptimizerState.allocate(0, layout.size(), arena);
        TrainingState state = CheckpointStore.load(checkpoint, weights, optimizer);
        assertThat(weights.flat().toArray()).isEqualTo(contents.weights().flat().toArray());
        assertThat(optimizer.moment1().toArray())
                .isEqualTo(contents.optimizer().moment1().toArray());
        assertThat(optimizer.moment2().toArray())
                .isEqualTo(contents.optimizer().moment2().toArray());
        assertThat(optimizer.step()).isEqualTo(120);
        assertThat(state).isEqualTo(contents.training());
        assertThat(CheckpointStore.readState(checkpoint)).isEqualTo(state);
    }

    @Test
    void checkpointIsAModelDirectory() {
        CheckpointContents contents = contents(1);
        Path checkpoint = new CheckpointStore(directory()).write(contents);
        LoadedModel model = ModelDirectory.load(checkpoint, arena);
        assertThat(model.weights().flat().toArray())
                .isEqualTo(contents.weights().flat().toArray());
    }

    @Test
    void shardsOfTheOptimizerReadTheirRange() {
        CheckpointContents contents = contents(5);
        Path checkpoint = new CheckpointStore(directory()).write(contents);
        Parameters weights = Parameters.allocate(layout, arena);
        for (long[] range : new long[][] {{0, 1000}, {1000, 1001}, {1001, layout.size()}, {7, 7}}) {
            OptimizerState shard = OptimizerState.allocate(range[0], range[1], arena);
            CheckpointStore.load(checkpoint, weights, shard);
            Tensor expected = contents.optimizer().moment2().view(range[0], Math.toIntExact(range[1] - range[0]));
            assertThat(shard.moment2().toArray()).isEqualTo(expected.toArray());
        }
    }

    @Test
    void onlyTheLastAreKept() {
        CheckpointStore store = new CheckpointStore(directory(), 2);
        for (long step : new long[] {5, 100, 20, 123_456_789}) {
            store.write(contents(step));
        }
        assertThat(store.list())
                .extracting(path -> path.getFileName().toString())
                .containsExactly("step-00000100", "step-123456789");
        assertNothingHidden();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.safetensors",
                "optimizer.safetensors",
                "training.json",
                "config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "generation_config.json",
                "manifest.json"
            })
    void everyKindOfDamageIsFoundAndPassedOver(String name) throws IOException {
        CheckpointStore store = new CheckpointStore(directory());
        Path good = store.write(contents(10));
        Path bad = store.write(contents(20));
        Path file = bad.resolve(name);
        byte[] original = Files.readAllBytes(file);

        byte[] flipped = original.clone();
        flipped[flipped.length / 2] ^= 1;
        Files.write(file, flipped);
        assertPassedOver(store, good, bad);

        Files.write(file, Arrays.copyOf(original, original.length / 2));
        assertPassedOver(store, good, bad);

        Files.write(file, new byte[0]);
        assertPassedOver(store, good, bad);

        Files.delete(file);
        assertPassedOver(store, good, bad);

        Files.write(file, original);
        assertThat(store.latestValid(warnings::add)).contains(bad);
        assertThat(warnings).isEmpty();
    }

    private void assertPassedOver(CheckpointStore store, Path good, Path bad) {
        warnings.clear();
        assertThat(store.latestValid(warnings::add)).contains(good);
        assertThat(warnings).singleElement().asString().contains(bad.toString());
        assertThatThrownBy(() -> CheckpointStore.load(
                        bad, Parameters.allocate(layout, arena), OptimizerState.allocate(0, layout.size(), arena)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(bad.toString());
        warnings.clear();
    }

    @Test
    void emptyAndMissingStoresHaveNoCheckpoint() throws IOException {
        assertThat(new CheckpointStore(temp.resolve("missing")).latestValid(warnings::add))
                .isEmpty();
        Files.createDirectories(directory().resolve("step-00000007"));
        Files.createDirectories(directory().resolve("step-x"));
        assertThat(new CheckpointStore(directory()).latestValid(warnings::add)).isEmpty();
        assertThat(warnings).singleElement().asString().contains("manifest.json is missing");
    }

    /** Kills the writer at each of its calls; each time the next start finds whole checkpoints only, and goes on. */
    @Test
    void aKillAtAnyPointLeavesTheLastCheckpointWhole() {
        FaultyFiles counting = new FaultyFiles();
        CheckpointStore plain = new CheckpointStore(temp.resolve("plain"), 2, counting);
        plain.write(contents(1));
        plain.write(contents(2));
        int before = counting.calls();
        plain.write(contents(3));
        int calls = counting.calls() - before;
        assertThat(calls).isGreaterThan(20);

        for (int kill = 0; kill < calls; kill++) {
            Path directory = temp.resolve("killed-at-" + kill);
            FaultyFiles files = new FaultyFiles();
            CheckpointStore store = new CheckpointStore(directory, 2, files);
            store.write(contents(1));
            Path second = store.write(contents(2));
            files.killAt(files.calls() + kill);
            assertThatThrownBy(() -> store.write(contents(3)))
                    .as("kill at call %d", kill)
                    .isInstanceOf(FaultyFiles.Killed.class);

            CheckpointStore restarted = new CheckpointStore(directory, 2);
            Path latest = restarted.latestValid(warnings::add).orElseThrow();
            assertThat(warnings).as("kill at call %d", kill).isEmpty();
            assertThat(latest).isIn(second, directory.resolve("step-00000003"));
            assertNoHiddenIn(directory);
            Path third = restarted.write(contents(3));
            assertThat(restarted.latestValid(warnings::add)).contains(third);
            assertThat(restarted.list()).hasSize(2);
        }
    }

    /** The same where the checkpoint of this step exists: one of the two is always there as a whole. */
    @Test
    void aKillWhileACheckpointIsReplacedLosesNeither() {
        FaultyFiles counting = new FaultyFiles();
        CheckpointStore plain = new CheckpointStore(temp.resolve("plain"), 2, counting);
        plain.write(contents(3));
        int before = counting.calls();
        plain.write(contents(3));
        int calls = counting.calls() - before;

        for (int kill = 0; kill < calls; kill++) {
            Path directory = temp.resolve("killed-at-" + kill);
            FaultyFiles files = new FaultyFiles();
            CheckpointStore store = new CheckpointStore(directory, 2, files);
            Path only = store.write(contents(3));
            files.killAt(files.calls() + kill);
            assertThatThrownBy(() -> store.write(contents(3))).isInstanceOf(FaultyFiles.Killed.class);
            assertThat(new CheckpointStore(directory, 2).latestValid(warnings::add))
                    .as("kill at call %d", kill)
                    .contains(only);
            assertThat(warnings).isEmpty();
            assertNoHiddenIn(directory);
        }
    }

    /** The disk fills up after each number of bytes in turn. */
    @Test
    void fullDiskIsReportedAndCleanedUp() {
        FaultyFiles files = new FaultyFiles();
        CheckpointStore store = new CheckpointStore(directory(), 3, files);
        Path first = store.write(contents(1));
        long bytes = files.bytesWritten();
        Random random = new Random(11);
        for (int i = 0; i < 20; i++) {
            files.spaceLeft(i == 0 ? 0 : random.nextLong(bytes));
            assertThatThrownBy(() -> store.write(contents(2)))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("step-00000002 was not written: the disk is full")
                    .hasMessageContaining("needs about 1 MB")
                    .hasMessageContaining("Earlier checkpoints are untouched");
            assertThat(store.latestValid(warnings::add)).contains(first);
            assertNothingHidden();
        }
        files.spaceLeft(Long.MAX_VALUE);
        Path second = store.write(contents(2));
        assertThat(store.latestValid(warnings::add)).contains(second);
        assertThat(warnings).isEmpty();
    }

    @Test
    void anotherModelIsRefused() {
        Path checkpoint = new CheckpointStore(directory()).write(contents(1));
        ParameterLayout other = ParameterLayout.of(TestModels.gpt2(true));
        assertThatThrownBy(() -> CheckpointStore.load(
                        checkpoint, Parameters.allocate(other, arena), OptimizerState.allocate(0, other.size(), arena)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("is of another model");
    }

    @Test
    void stagingIsNotChangedByTrainingThatGoesOn() {
        CheckpointContents live = contents(9);
        try (CheckpointStaging staging = new CheckpointStaging(config, TestModels.tokenizer())) {
            CheckpointContents captured = staging.capture(live.weights(), live.optimizer(), live.training());
            float[] weights = live.weights().flat().toArray();
            live.weights().flat().zero();
            live.optimizer().moment1().zero();
            assertThat(captured.weights().flat().toArray()).isEqualTo(weights);
            assertThat(captured.optimizer().step()).isEqualTo(9);
            assertThat(captured.optimizer().moment1().toArray()).isNotEqualTo(new float[weights.length]);
        }
    }

    private Path directory() {
        return temp.resolve("checkpoints");
    }

    private void assertNothingHidden() {
        assertNoHiddenIn(directory());
    }

    private static void assertNoHiddenIn(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            assertThat(entries.map(path -> path.getFileName().toString())).noneMatch(name -> name.startsWith("."));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private CheckpointContents contents(long step) {
        Parameters weights = TestModels.random(config, arena, step);
        OptimizerState optimizer = OptimizerState.allocate(0, layout.size(), arena);
        optimizer.moment1().copyFrom(TestModels.random(config, arena, -step).flat());
        optimizer.moment2().copyFrom(TestModels.random(config, arena, step + 1).flat());
        optimizer.setStep(step);
        LossRecorder losses = LossRecorder.from(LossCurve.empty());
        losses.training(step, step * 64, 1.0 / 3);
        losses.validation(step, step * 64, Math.PI);
        TrainingState state = new TrainingState(
                step,
                new DataPosition(4 * step, 1234),
                step * 64,
                losses.curve(),
                Map.of("train.seed", "7", "model.dim", "16"));
        return new CheckpointContents(config, weights, optimizer, TestModels.tokenizer(), state);
    }
}
