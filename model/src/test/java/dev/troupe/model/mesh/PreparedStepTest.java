package dev.troupe.model.mesh;

import static dev.troupe.model.mesh.TestMeshes.ACCUMULATION;
import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.mesh.checkpoint.ShardSnapshot;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gradients that were computed before their step was ordered are those of the step, bit for bit, or are forgotten. */
class PreparedStepTest {
    private static final int STEPS = 4;
    private static final int WINDOWS = 5;

    private record Result(List<Double> losses, List<Double> norms, List<EvaluationOutcome> evaluations) {}

    /** What happens between two steps. */
    private enum Between {
        NOTHING,
        EVALUATION,
        COPY,
        OTHER_MICRO_BATCHES
    }

    private static List<Result> train(MeshSettings settings, Between between, boolean prepares) throws Exception {
        return TestMeshes.run(settings, (_, state, program) -> {
            Result result = new Result(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            long firstMicroBatch = 0;
            try (ShardSnapshot copy = ShardSnapshot.allocate(state)) {
                for (int step = 0; step < STEPS; step++) {
                    // The rate changes from step to step, as schedules have it.
                    StepOrder order = new StepOrder(1e-2 / (1 + step), firstMicroBatch, ACCUMULATION);
                    StepOutcome outcome = program.step(order);
                    result.losses().add(outcome.loss());
                    result.norms().add(outcome.gradientNorm());
                    assertThat(outcome.times().total())
                            .isGreaterThanOrEqualTo(outcome.times().forwardBackward());
                    if (prepares) {
                        program.prepare(order.next());
                    }
                    switch (between) {
                        case NOTHING -> {}
                        case EVALUATION -> result.evaluations().add(evaluate(settings, program));
                        case COPY -> {
                            copy.take(state);
                            copy.restoreTo(state);
                            program.spreadWeights();
                        }
                        case OTHER_MICRO_BATCHES -> firstMicroBatch += 3;
                    }
                    firstMicroBatch += ACCUMULATION;
                }
            }
            return result;
        });
    }

    private static EvaluationOutcome evaluate(MeshSettings settings, RankProgram program) {
        EvaluationOutcome outcome = program.evaluate(WINDOWS, (window, row, inputs, targets) -> {
            int[] ofInputs = new int[settings.time()];
            int[] ofTargets = new int[settings.time()];
            TestMeshes.fill(settings, 1000 + window, ofInputs, ofTargets);
            System.arraycopy(ofInputs, 0, inputs, row * ofInputs.length, ofInputs.length);
            System.arraycopy(ofTargets, 0, targets, row * ofTargets.length, ofTargets.length);
        });
        return new EvaluationOutcome(outcome.loss(), outcome.tokens(), 0); // whatever time it took
    }

    @ParameterizedTest
    @CsvSource({"1x1x1,0,0", "2x1x1,0,0", "2x1x1,1,0", "2x1x1,2,1", "2x1x1,3,0", "1x2x1,0,0", "1x1x2,0,0", "2x1x2,3,2"})
    void stepsAreTheSame(String mesh, int zero, int recompute) throws Exception {
        for (ModelConfig model : List.of(llama(true), llama(false), gpt2())) {
            MeshSettings settings = settings(model, mesh, zero, recompute);
            for (Between between : Between.values()) {
                assertThat(train(settings, between, true)).as("%s", between).isEqualTo(train(settings, between, false));
            }
        }
    }
}
