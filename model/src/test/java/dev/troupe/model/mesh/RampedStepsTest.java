package dev.troupe.model.mesh;

import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.config.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps of different length, as a batch that grows and skipped micro-batches have them. */
class RampedStepsTest {
    private static final ModelConfig MODEL = llama(true);

    /** From micro-batch 0: two of 2, then from 20 on: 4, 2, 4. */
    private static final List<StepOrder> ORDERS = List.of(
            new StepOrder(1e-2, 0, 2),
            new StepOrder(1e-2, 2, 2),
            new StepOrder(1e-2, 20, 4),
            new StepOrder(1e-2, 24, 2),
            new StepOrder(1e-2, 26, 4));

    private static List<Double> train(MeshSettings settings) throws Exception {
        return TestMeshes.run(settings, (_, _, program) -> {
                    List<Double> outcomes = new ArrayList<>();
                    for (StepOrder order : ORDERS) {
                        StepOutcome outcome = program.step(order);
                        outcomes.add(outcome.loss());
                        outcomes.add(outcome.gradientNorm());
                    }
                    return outcomes;
                })
                .getFirst();
    }

    @ParameterizedTest
    @CsvSource({"1x1x2,0,0,true", "1x1x4,0,1,true", "2x1x1,0,0,false", "2x1x1,3,0,false", "2x1x2,1,0,false"})
    void theMeshChangesNothing(String mesh, int zero, int recompute, boolean bitIdentical) throws Exception {
        List<Double> one = train(settings(MODEL, "1x1x1", 0, 0));
        List<Double> many = train(settings(MODEL, mesh, zero, recompute));
        for (int i = 0; i < one.size(); i++) {
            assertThat(many.get(i)).isCloseTo(one.get(i), within(bitIdentical ? 0 : 1e-4 * one.get(i)));
        }
    }

    @Test
    void aStepOfHalfTheLengthIsThatOfATrainingWithThatAccumulation() throws Exception {
        MeshSettings large = settings(MODEL, "1x1x1", 0, 0);
        MeshSettings small = new MeshSettings(
                MODEL, large.mesh(), large.zero(), large.batch(), large.time(), 2, 0, large.optimizer(), large.seed());
        List<List<Double>> outcomes = new ArrayList<>();
        for (MeshSettings settings : List.of(large, small)) {
            outcomes.addAll(TestMeshes.run(settings, (_, _, program) -> {
                List<Double> losses = new ArrayList<>();
                for (int step = 0; step < 3; step++) {
                    losses.add(program.step(StepOrder.regular(step, 2, 1e-2)).loss());
                }
                return losses;
            }));
        }
        assertThat(outcomes.get(1)).isEqualTo(outcomes.get(0));
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        MeshSettings settings = settings(MODEL, "1x1x1", 0, 0);
        TestMeshes.run(settings, (_, _, program) -> {
            assertThatThrownBy(() -> program.step(new StepOrder(1e-2, 0, TestMeshes.ACCUMULATION + 1)))
                    .hasMessageContaining("5 micro-batches");
            return "";
        });
    }
}
