package dev.troupe.model.mesh.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossSample;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.mesh.ShardPlan.Slice;
import dev.troupe.model.mesh.TestMeshes;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout.Part;
import dev.troupe.model.transformer.ParameterSlice;
import dev.troupe.model.transformer.ParameterSlice.RowRange;
import dev.troupe.model.transformer.ParameterSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Ranks whose every number is a function of what it is: its kind, parameter and place in the whole one. */
final class TestShards {
    static final long SEED = 20_261_126;

    private TestShards() {}

    static Tokenizer tokenizer() {
        return CharTokenizer.train("abcdefghijklmnopqrstuvwxyz .,\n");
    }

    static TrainingState training(MeshSettings settings, long step) {
        LossCurve losses = new LossCurve(1, List.of(new LossSample(step, 10, 1.0 / 3, 1)), List.of());
        return new TrainingState(
                step,
                new DataPosition(step * settings.accumulation(), 5),
                step * TestMeshes.ACCUMULATION * settings.batch() * settings.time(),
                losses,
                Map.of("train.seed", "7"));
    }

    /** The number of element {@code whole} of a parameter. */
    static float number(StateKind kind, String parameter, long whole, long seed) {
        long stream = 31L * parameter.hashCode() + kind.prefix().hashCode();
        return (float) (CounterRandom.uniform(seed, stream, whole) - 0.5);
    }

    /** Where each element of a part of a parameter is in the whole one: row by row, the plain way. */
    static long[] wholeIndices(ParameterSlice slice) {
        LongStream.Builder indices = LongStream.builder();
        for (RowRange range : slice.rowRanges()) {
            for (int row = range.from(); row < range.to(); row++) {
                for (int column = slice.firstColumn(); column < slice.endColumn(); column++) {
                    indices.add((long) row * slice.columns() + column);
                }
            }
        }
        return indices.build().toArray();
    }

    /** Gives or compares a number of a rank. */
    private interface Visitor {
        void visit(Tensor tensor, long at, float number);
    }

    private static void visit(RankState state, long seed, Visitor visitor) {
        for (Slice slice : state.plan().slices()) {
            Part part = state.layout().parts().get(slice.part());
            for (ParameterSpec spec : part.specs()) {
                long[] whole = wholeIndices(spec.slice());
                assertThat(whole).hasSize(Math.toIntExact(spec.size()));
                for (int i = 0; i < whole.length; i++) {
                    long at = spec.offset() + i - part.from() - slice.from();
                    if (at >= 0 && at < slice.size()) {
                        String name = spec.name();
                        visitor.visit(state.ownWeights(slice), at, number(StateKind.WEIGHT, name, whole[i], seed));
                        visitor.visit(state.moment1(slice), at, number(StateKind.MOMENT1, name, whole[i], seed));
                        visitor.visit(state.moment2(slice), at, number(StateKind.MOMENT2, name, whole[i], seed));
                    }
                }
            }
        }
    }

    static void fill(RankState state, long step, long seed) {
        visit(state, seed, Tensor::set);
        state.setStep(step);
    }

    /** Everything that the rank holds is right, weights that it does not own included. */
    static void assertFilled(RankState state, long step, long seed) {
        visit(state, seed, (tensor, at, number) -> assertSame(tensor.get(at), number));
        if (!state.zero().splitsWeights()) {
            for (ParameterSpec spec : state.layout().specs()) {
                long[] whole = wholeIndices(spec.slice());
                Tensor weights = state.weights().get(spec.name());
                for (int i = 0; i < whole.length; i++) {
                    assertSame(weights.get(i), number(StateKind.WEIGHT, spec.name(), whole[i], seed));
                }
            }
        }
        assertThat(state.step()).isEqualTo(step);
    }

    static void assertSame(float actual, float expected) {
        if (Float.floatToRawIntBits(actual) != Float.floatToRawIntBits(expected)) {
            throw new AssertionError(actual + " instead of " + expected);
        }
    }

    /** What all ranks of a mesh write. */
    static List<ShardFile> writeShards(
            ShardWriter writer, Path directory, MeshSettings settings, long step, long seed) {
        List<ShardFile> written = new ArrayList<>();
        for (int rank = 0; rank < settings.mesh().ranks(); rank++) {
            try (RankState state = new RankState(settings, rank);
                    ShardSnapshot snapshot = ShardSnapshot.allocate(state)) {
                fill(state, step, seed);
                snapshot.take(state);
                writer.write(directory, snapshot).ifPresent(written::add);
            }
        }
        return written;
    }

    static Path save(MeshCheckpointStore store, ShardWriter writer, MeshSettings settings, long step, long seed) {
        Path directory = store.begin(step);
        List<ShardFile> written = writeShards(writer, directory, settings, step, seed);
        return store.publish(settings, tokenizer(), training(settings, step), written);
    }

    static Path save(MeshCheckpointStore store, MeshSettings settings, long step, long seed) {
        return save(store, new ShardWriter(), settings, step, seed);
    }
}
