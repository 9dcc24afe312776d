package dev.troupe.actors.training;

import static dev.troupe.actors.training.TestRuns.completed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.actors.training.run.MetricsLine;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a run may be told of memory and precision, in one process and on a mesh. */
class RunOptionsTest extends TestRunsCase {
    private static final String SHAPE = "train { steps = 12, accumulation = 2 }\n eval.everySteps = 0\n";

    @BeforeEach
    void addNode() {
        runs.addNode();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 1 }", "mesh { data = 2, zero = 3 }", "mesh { pipeline = 2 }"})
    void whereTheOptimizersStateIsChangesNoBit(String mesh) throws IOException {
        completed(runs.train("memory", SHAPE + mesh));
        TrainingSummary offloaded = completed(runs.train(
                "file",
                SHAPE + mesh + "\n mesh { offload = optimizer, offloadDirectory = \"" + root.resolve("offload")
                        + "\" }"));

        assertThat(runs.losses("file")).isEqualTo(runs.losses("memory"));
        runs.assertSameEnd("file", "memory");
        assertThat(offloaded.utilization().nodes())
                .allSatisfy(node -> assertThat(node.memory().optimizer()).isZero());
        assertThat(root.resolve("offload")).as("the files go with the run").isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource({
        "'', 1",
        "'', 2",
        "mesh.pipeline = 2, 1",
        "mesh.pipeline = 2, 2",
        "mesh.tensor = 2, 2",
        "'mesh { data = 2, zero = 3 }', 3"
    })
    void activationsThatAreComputedAgainAreTheSame(String mesh, int layers) throws IOException {
        String shape = SHAPE + "model.numLayers = 4\n" + mesh;
        completed(runs.train("kept", shape));
        completed(runs.train("again", shape + "\n mesh.recomputeLayers = " + layers));

        assertThat(runs.losses("again")).isEqualTo(runs.losses("kept"));
        runs.assertSameEnd("again", "kept");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 2 }", "mesh { tensor = 2 }", "mesh { pipeline = 2 }"})
    void aLossScaleThatIsTooLargeShrinksAndCostsNoStep(String mesh) {
        String fp16 = SHAPE + mesh + "\n train.precision = fp16\n train.lossScale.initial = ";
        completed(runs.train("fp32", SHAPE + mesh));
        completed(runs.train("modest", fp16 + "1024"));
        completed(runs.train("huge", fp16 + "16777216"));

        assertThat(runs.lines("modest", MetricsLine.LossScaled.class)).isEmpty();
        List<MetricsLine.LossScaled> scaled = runs.lines("huge", MetricsLine.LossScaled.class);
        assertThat(scaled).isNotEmpty();
        assertThat(scaled.getFirst()).isEqualTo(new MetricsLine.LossScaled(0, 8388608));
        assertThat(runs.losses("huge")).hasSize(12);
        assertAlike(runs.losses("huge"), runs.losses("modest"));
        assertAlike(runs.losses("modest"), runs.losses("fp32"));
        assertThat(runs.losses("modest")).isNotEqualTo(runs.losses("fp32"));
    }

    private static void assertAlike(List<Double> losses, List<Double> expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(losses.get(i)).as("step %d", i + 1).isCloseTo(expected.get(i), within(0.02));
        }
    }
}
