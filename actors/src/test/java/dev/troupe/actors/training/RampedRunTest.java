package dev.troupe.actors.training;

import static dev.troupe.actors.training.TestRuns.completed;
import static dev.troupe.actors.training.TestRuns.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.StepPlanner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A batch that grows: 2, 4, 6, then 8 micro-batches of 2 x 16 tokens, after 3 x 640 tokens. */
class RampedRunTest extends TestRunsCase {
    private static final int MICRO_BATCH = 2 * 16;
    private static final String RAMP =
            "compute.backend = vector, train { batch = 2, accumulation = 8, threads = 1, steps = 30 },"
                    + " train.ramp { accumulation = 2, tokens = 1920 }, ";

    private static long microBatches(long tokens) {
        return Math.min(8, 2 + 2 * (tokens / 640));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 2 }", "mesh { pipeline = 2 }", "mesh { nodes = 2 }"})
    void tokensAndRatesCount(String mesh) {
        runs.addNode();
        runs.addNode();
        TrainingSummary summary = completed(runs.train("run", RAMP + mesh));

        long tokens = 0;
        List<MetricsLine.Step> steps = runs.lines("run", MetricsLine.Step.class);
        assertThat(steps).hasSize(30);
        for (MetricsLine.Step step : steps) {
            tokens += microBatches(tokens) * MICRO_BATCH;
            assertThat(step.tokens()).isEqualTo(tokens);
        }
        assertThat(microBatches(tokens)).isEqualTo(8);
        assertThat(summary.tokens()).isEqualTo(tokens);
        completed(runs.train("plain", RAMP + "train.ramp.accumulation = 0"));
        assertThat(steps.stream().map(MetricsLine.Step::learningRate))
                .as("the schedule goes by steps")
                .isEqualTo(runs.lines("plain", MetricsLine.Step.class).stream()
                        .map(MetricsLine.Step::learningRate)
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 1 }"})
    void stopAndResumeEndsInTheSameWeights(String mesh) throws IOException {
        runs.addNode();
        String settings = RAMP + "train.steps = 40, " + mesh;
        completed(runs.train("whole", settings));
        long stopped = runs.trainUntil(3, "parts", settings);
        assertThat(stopped).isLessThan(40);
        completed(runs.resume("parts", settings));

        assertThat(runs.losses("parts")).isEqualTo(runs.losses("whole"));
        runs.assertSameEnd("parts", "whole");
    }

    @Test
    void aMeshTakesTheStepsOfOneProcess() {
        runs.addNode();
        completed(runs.train("one", RAMP));
        completed(runs.train("many", RAMP + "mesh { data = 2, zero = 3 }"));

        List<Double> one = runs.losses("one");
        List<Double> many = runs.losses("many");
        assertThat(many).hasSameSizeAs(one);
        for (int i = 0; i < one.size(); i++) {
            assertThat(many.get(i)).isCloseTo(one.get(i), within(1e-5 * one.get(i)));
        }
    }

    @Test
    void microBatchesFollowEachOther() {
        List<Long> next = new ArrayList<>();
        var planner = new StepPlanner(TinyRun.config(RAMP), 16, null);
        for (int i = 0; i < 12; i++) {
            var order = planner.next(1e-3);
            next.add(order.firstMicroBatch());
            assertThat(planner.position().microBatch()).isEqualTo(order.firstMicroBatch());
            planner.done(order);
            assertThat(planner.position().microBatch()).isEqualTo(order.end());
        }
        assertThat(next).startsWith(0L, 2L, 4L).isSorted();
    }

    @Test
    void whatMakesNoRampIsNamed() {
        assertThatThrownBy(() -> TinyRun.config(RAMP + "train.ramp.accumulation = 3"))
                .hasMessageContaining("train.ramp.accumulation")
                .hasMessageContaining("divisor of train.accumulation (8)");
        assertThatThrownBy(() -> TinyRun.config(RAMP + "mesh.data = 4"))
                .hasMessageContaining("multiple of mesh.data (4)");
        assertThatThrownBy(() -> TinyRun.config(RAMP + "train.ramp.tokens = 0"))
                .hasMessageContaining("train.ramp.tokens");
        runs.addNode();
        completed(runs.train("run", RAMP));
        assertThat(failure(runs.resume("run", RAMP + "train.ramp.tokens = 1000, train.steps = 60")))
                .contains("train.ramp.tokens");
    }
}
