package dev.troupe.model.mesh;

import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An evaluation between two steps: the same whatever the mesh, and the steps do not notice it. */
class MeshEvaluationTest {
    private static final int STEPS = 3;

    private record Result(List<Double> losses, List<EvaluationOutcome> evaluations) {}

    private static List<Result> train(MeshSettings settings, int windows) throws Exception {
        return TestMeshes.run(settings, (_, _, program) -> {
            List<Double> losses = new ArrayList<>();
            List<EvaluationOutcome> evaluations = new ArrayList<>();
            for (int step = 0; step < STEPS; step++) {
                losses.add(TestMeshes.step(program, 1e-2).loss());
                if (windows > 0) {
                    evaluations.add(program.evaluate(
                            windows, (window, row, inputs, targets) -> read(settings, window, row, inputs, targets)));
                }
            }
            return new Result(losses, evaluations);
        });
    }

    /** The last target of each window does not count. */
    private static void read(MeshSettings settings, int window, int row, int[] inputs, int[] targets) {
        int time = settings.time();
        int[] windowInputs = new int[time];
        int[] windowTargets = new int[time];
        TestMeshes.fill(settings, 1000 + window, windowInputs, windowTargets);
        windowTargets[time - 1] = -1;
        System.arraycopy(windowInputs, 0, inputs, row * time, time);
        System.arraycopy(windowTargets, 0, targets, row * time, time);
    }

    @ParameterizedTest
    @CsvSource({
        "1x1x2,0,0,true",
        "1x1x4,0,1,true",
        "1x1x1,0,2,true",
        "2x1x1,0,0,false",
        "2x1x1,1,0,false",
        "2x1x1,3,0,false",
        "4x1x1,3,1,false",
        "1x2x1,0,0,false",
        "2x2x1,2,0,false",
        "2x1x2,3,2,false",
        "2x2x2,3,0,false"
    })
    void theMeshChangesNothing(String mesh, int zero, int recompute, boolean bitIdentical) throws Exception {
        for (ModelConfig model : List.of(llama(true), llama(false), gpt2())) {
            for (int windows : new int[] {1, 5, 8}) {
                Result one = train(settings(model, "1x1x1", 0, 0), windows).getFirst();
                assertThat(one.evaluations().getLast().loss())
                        .isLessThan(one.evaluations().getFirst().loss());
                for (Result rank : train(settings(model, mesh, zero, recompute), windows)) {
                    for (int i = 0; i < STEPS; i++) {
                        EvaluationOutcome expected = one.evaluations().get(i);
                        EvaluationOutcome actual = rank.evaluations().get(i);
                        assertThat(actual.tokens()).isEqualTo((long) windows * (model.contextLength() - 1));
                        assertThat(actual.loss())
                                .isCloseTo(expected.loss(), within(bitIdentical ? 0 : 1e-5 * expected.loss()));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1x1x1,0", "2x1x1,3", "1x2x2,0", "2x1x2,1"})
    void stepsDoNotNotice(String mesh, int zero) throws Exception {
        MeshSettings settings = settings(llama(true), mesh, zero, 0);
        assertThat(train(settings, 5).getFirst().losses())
                .isEqualTo(train(settings, 0).getFirst().losses());
    }

    /** The stage that a run of one process evaluates with. */
    @ParameterizedTest
    @CsvSource({"1", "4"})
    void isThatOfAStageForEvaluation(int batch) throws Exception {
        MeshSettings settings = settings(gpt2(), "1x1x1", 0, 0);
        int windows = 4;
        TestMeshes.run(settings, (_, state, program) -> {
            TestMeshes.step(program, 1e-2);
            double actual = program.evaluate(
                            windows, (window, row, inputs, targets) -> read(settings, window, row, inputs, targets))
                    .loss();
            double sum = 0;
            try (TrainingStage stage = new TrainingStage(
                    settings.model(),
                    StageRange.whole(settings.model()),
                    TestMeshes.kernels(),
                    state.weights(),
                    null,
                    batch,
                    settings.time())) {
                for (int first = 0; first < windows; first += batch) {
                    int[] inputs = new int[batch * settings.time()];
                    int[] targets = new int[batch * settings.time()];
                    for (int row = 0; row < batch; row++) {
                        read(settings, first + row, row, inputs, targets);
                    }
                    stage.evaluate(inputs, targets);
                    for (int row = 0; row < batch; row++) {
                        double window = 0;
                        for (int i = 0; i < settings.time() - 1; i++) {
                            window += stage.tokenLosses().get(row * settings.time() + i);
                        }
                        sum += window;
                    }
                }
            }
            assertThat(actual).isEqualTo(sum / (windows * (settings.time() - 1)));
            return actual;
        });
    }
}
