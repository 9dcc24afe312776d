package dev.troupe.model.mesh;

import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.mesh.checkpoint.ShardSnapshot;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tensor.TensorFile;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moments in a file are those in memory, bit for bit. */
class OffloadTest {
    @TempDir
    Path root;

    private static float[] moments(RankState state) {
        float[] all = new float[0];
        for (var slice : state.plan().slices()) {
            for (Tensor moment : new Tensor[] {state.moment1(slice), state.moment2(slice)}) {
                float[] more = new float[all.length + (int) moment.size()];
                System.arraycopy(all, 0, more, 0, all.length);
                System.arraycopy(moment.toArray(), 0, more, all.length, (int) moment.size());
                all = more;
            }
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRankTakesTheSameSteps(boolean tied) throws Exception {
        MeshSettings settings = settings(llama(tied), "1x1x1", 0, 0);
        float[][] results = new float[2][];
        for (Path offload : new Path[] {null, root}) {
            try (RankState state = new RankState(settings, 0, offload);
                    ShardSnapshot snapshot = ShardSnapshot.allocate(state, offload)) {
                TestMeshes.run(settings, state, program -> {
                    TestMeshes.step(program, 1e-2);
                    snapshot.take(state);
                    snapshot.forget();
                    TestMeshes.step(program, 1e-2);
                    snapshot.restoreTo(state);
                    TestMeshes.step(program, 1e-2);
                    TestMeshes.step(program, 1e-2);
                });
                assertThat(state.step()).isEqualTo(3);
                assertThat(state.bytes().moments() == 0).isEqualTo(offload != null);
                results[offload == null ? 0 : 1] = moments(state);
            }
        }
        assertThat(results[1]).isEqualTo(results[0]);
        try (Stream<Path> left = Files.list(root)) {
            assertThat(left).as("files that are left").isEmpty();
        }
    }

    @Test
    void oneProcessTakesTheSameSteps() throws IOException {
        ParameterLayout layout = ParameterLayout.of(llama(false));
        AdamW adamW = new AdamW(AdamWOptions.gpt3(1e-2, 0, 100), TestMeshes.kernels(), layout);
        try (TensorArena arena = TensorArena.open("test");
                TensorFile file = TensorFile.create(root, "moments", OptimizerState.fileBytes(layout.size()))) {
            Parameters gradients = Parameters.allocate(layout, arena);
            gradients.initialize(3);
            float[][] weights = new float[2][];
            OptimizerState[] states = {
                OptimizerState.allocate(0, layout.size(), arena), OptimizerState.offload(0, layout.size(), file)
            };
            for (int i = 0; i < states.length; i++) {
                Parameters own = Parameters.allocate(layout, arena);
                own.initialize(5);
                for (int step = 0; step < 3; step++) {
                    adamW.step(states[i], own, gradients, 1e-2, 0.5);
                }
                weights[i] = own.flat().toArray();
            }
            assertThat(weights[1]).isEqualTo(weights[0]);
            assertThat(states[1].moment1().toArray())
                    .isEqualTo(states[0].moment1().toArray());
            assertThat(states[1].moment2().toArray())
                    .isEqualTo(states[0].moment2().toArray());
        }
    }
}
