package dev.troupe.model.mesh.checkpoint;

import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.RankProgram;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.mesh.StepOutcome;
import dev.troupe.model.mesh.TestMeshes;
import dev.troupe.model.tensor.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seed of weights and dropout: 7 ({@link TestMeshes}). */
class ShardSnapshotTest {
    private static final double RATE = 1e-2;
    private static final int BEFORE = 2;
    private static final int AFTER = 2;

    private static List<Double> steps(RankProgram program, int count) {
        List<Double> losses = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StepOutcome outcome = TestMeshes.step(program, RATE);
            losses.add(outcome.loss());
            losses.add(outcome.gradientNorm());
        }
        return losses;
    }

    /** Two steps, a snapshot, two steps; back to the snapshot, two steps: the same bits. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "1x1x1/0", "2x1x1/0", "2x1x1/1", "2x1x1/2", "2x1x1/3", "1x2x1/0", "1x1x3/0", "2x2x1/2", "2x1x2/1",
                "2x1x2/3", "2x2x2/3"
            })
    void stepsAfterARestoreAreThoseAfterTheSnapshot(String form) throws Exception {
        String[] parts = form.split("/", 2);
        for (MeshSettings settings : List.of(
                settings(llama(true), parts[0], Integer.parseInt(parts[1]), 0),
                settings(gpt2(), parts[0], Integer.parseInt(parts[1]), 0))) {
            TestMeshes.run(settings, (rank, state, program) -> {
                try (ShardSnapshot snapshot = ShardSnapshot.allocate(state)) {
                    steps(program, BEFORE);
                    snapshot.take(state);
                    List<Double> undisturbed = steps(program, AFTER);
                    snapshot.restoreTo(state);
                    program.spreadWeights();
                    assertThat(state.step()).isEqualTo(BEFORE);
                    assertThat(steps(program, AFTER)).isEqualTo(undisturbed);
                }
                return rank;
            });
        }
    }

    /** What a peer keeps for a rank restores a new process in its place. */
    @ParameterizedTest
    @ValueSource(strings = {"2x1x1/0", "2x1x2/1", "2x2x1/3"})
    void aFreshMeshGoesOnFromSnapshotsThatWereSent(String form) throws Exception {
        String[] parts = form.split("/", 2);
        MeshSettings settings = settings(llama(true), parts[0], Integer.parseInt(parts[1]), 0);
        Map<Integer, ShardSnapshot> kept = new ConcurrentHashMap<>();
        List<List<Double>> undisturbed = TestMeshes.run(settings, (rank, state, program) -> {
            steps(program, BEFORE);
            try (ShardSnapshot snapshot = ShardSnapshot.allocate(state)) {
                snapshot.take(state);
                ShardSnapshot received = ShardSnapshot.allocate(settings, rank);
                received.data().copyFrom(snapshot.data());
                received.received(snapshot.step());
                kept.put(rank, received);
            }
            return steps(program, AFTER);
        });
        List<List<Double>> resumed = TestMeshes.run(settings, (rank, state, program) -> {
            try (ShardSnapshot snapshot = Objects.requireNonNull(kept.get(rank))) {
                snapshot.restoreTo(state);
            }
            program.spreadWeights();
            return steps(program, AFTER);
        });
        assertThat(resumed).isEqualTo(undisturbed);
        assertThat(NativeMemory.bytes("checkpoint.snapshot")).isZero();
    }

    @Test
    void allThreadsOfAPoolCopyTheSame() {
        MeshSettings settings = settings(llama(false), "2x1x1", 1, 0);
        try (RankState state = new RankState(settings, 1);
                ShardSnapshot one = ShardSnapshot.allocate(state);
                ShardSnapshot many = ShardSnapshot.allocate(state);
                ComputePool pool = FixedComputePool.create(3)) {
            one.take(state);
            many.take(state, pool);
            assertThat(many.data().toArray()).isEqualTo(one.data().toArray());
            assertThat(one.bytes()).isEqualTo(3 * 4 * state.plan().shardSize());
        }
    }

    @Test
    void itFitsItsRankAndReplicasOnly() {
        MeshSettings plain = settings(llama(true), "2x1x1", 0, 0);
        MeshSettings split = settings(llama(true), "2x1x1", 1, 0);
        try (RankState first = new RankState(plain, 0);
                RankState replica = new RankState(plain, 1);
                RankState own = new RankState(split, 0);
                RankState other = new RankState(split, 1);
                ShardSnapshot whole = ShardSnapshot.allocate(first);
                ShardSnapshot slice = ShardSnapshot.allocate(own)) {
            replica.weights().flat().zero();
            whole.take(first);
            whole.restoreTo(replica);
            assertThat(replica.weights().flat().toArray())
                    .isEqualTo(first.weights().flat().toArray());
            assertThatThrownBy(() -> slice.restoreTo(other))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("a snapshot of rank 0 does not fit the state of rank 1");
            assertThatThrownBy(() -> slice.take(first)).isInstanceOf(TroupeException.class);
        }
    }
}
