package dev.troupe.actors.training;

import static dev.troupe.actors.training.TestRuns.completed;
import static dev.troupe.actors.training.TestRuns.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.actors.training.TrainingCoordinator.Environment;
import dev.troupe.actors.training.TrainingEvent.RolledBack;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunCurve;
import dev.troupe.actors.training.step.StepRunner.StepDiverged;
import dev.troupe.actors.training.step.StepRunner.StepDone;
import dev.troupe.actors.training.step.StepRunner.StepResult;
import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose loss leaves its course: they go back, with lower rates, and come to a good end. */
class RollbackTest extends TestRunsCase {
    private static final String SETTINGS = """
            train { steps = 30, accumulation = 2 }
            optimizer { learningRate = 0.01, minLearningRateFraction = 1, warmupSteps = 1 }
            checkpoint { everySteps = 4, keep = 2 }
            eval.everySteps = 0
            rollback { limit = 2, learningRateFactor = 0.5, spike { window = 8, sigmas = 6, steps = 3 } }
            """;

    /** Weights grow by a factor with every step until they are no numbers: no step of it is good. */
    private static final String EXPLODING = """
            train { steps = 30, accumulation = 2 }
            optimizer { learningRate = 10, minLearningRateFraction = 1, warmupSteps = 1, weightDecay = 100 }
            checkpoint { everySteps = 2, keep = 2 }
            eval.everySteps = 0
            rollback { limit = 9, learningRateFactor = 1e-5, spike.steps = 0 }
            """;

    private static List<RolledBack> rollbacks(List<TrainingEvent> events) {
        return events.stream()
                .filter(RolledBack.class::isInstance)
                .map(RolledBack.class::cast)
                .toList();
    }

    /** Of a run whose losses are too high from one step to another, the first time it comes there. */
    private static Environment withHighLosses(long from, long to) {
        return Environment.REAL.withSteps(new UnaryOperator<>() {
            private long next = from;

            @Override
            public StepResult apply(StepResult result) {
                if (result instanceof StepDone done && done.step() + 1 == next && next <= to) {
                    next++;
                    return new StepDone(done.step(), 10 * done.loss(), done.gradientNorm(), done.times());
                }
                return result;
            }
        });
    }

    /** Of a run whose step comes to no number, the first time. */
    private static Environment withoutNumberAt(long number) {
        return Environment.REAL.withSteps(new UnaryOperator<>() {
            private boolean done;

            @Override
            public StepResult apply(StepResult result) {
                if (!done && result instanceof StepDone step && step.step() + 1 == number) {
                    done = true;
                    return new StepDiverged(step.step(), Double.NaN, Double.NaN);
                }
                return result;
            }
        });
    }

    /**
     * A checkpoint is not taken while the one before is written: on a slow disk there may be an earlier one, or none.
     */
    private void assertWentBack(
            List<TrainingEvent> events, long fromStep, long lastGood, long microBatch, String reason) {
        assertThat(completed(events).steps()).isEqualTo(30);
        assertThat(events).filteredOn(TrainingEvent.Started.class::isInstance).hasSize(1);
        RolledBack back = rollbacks(events).getFirst();
        assertThat(rollbacks(events)).hasSize(1);
        assertThat(back.fromStep()).isEqualTo(fromStep);
        long step = back.step();
        assertThat(step).isBetween(0L, lastGood);
        assertThat(back.reason()).contains(reason);
        assertThat(back.learningRateFactor()).isEqualTo(0.5);
        if (step > 0) {
            assertThat(back.checkpoint()).endsWith("step-0000000" + step);
            assertThat(runs.lines("run", MetricsLine.Step.class)
                            .get((int) step - 1)
                            .learningRate())
                    .isEqualTo(0.01);
        }
        assertThat(runs.lines("run", MetricsLine.Rollback.class))
                .containsExactly(new MetricsLine.Rollback(step, fromStep, back.reason(), 0.5, microBatch, 30));
        assertThat(RunCurve.read(root.resolve("run/metrics.jsonl")).rollbacks())
                .isEqualTo(runs.lines("run", MetricsLine.Rollback.class));

        List<MetricsLine.Step> steps = runs.lines("run", MetricsLine.Step.class);
        assertThat(steps)
                .extracting(MetricsLine.Step::step)
                .as("what was taken back is not in the metrics")
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 30).boxed().toList());
        assertThat(steps.get((int) step).learningRate()).isEqualTo(step > 0 ? 0.005 : 0.0025); // the first warms up
        assertThat(steps.getLast().learningRate()).isEqualTo(0.005);
        assertThat(steps.getLast().loss()).isLessThan(steps.getFirst().loss());
        assertThat(runs.checkpoints("run")).last().isEqualTo("step-00000030");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 1 }", "mesh { nodes = 2, pipeline = 2 }"})
    void aSpikeIsTakenBack(String mesh) {
        runs.addNode();
        runs.addNode();
        List<TrainingEvent> events = runs.end(runs.start("run", SETTINGS + mesh, withHighLosses(10, 12)));

        assertWentBack(events, 12, 9, 24, "the loss left its course at step 10");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 3 }"})
    void aLossThatIsNoNumberIsTakenBack(String mesh) {
        runs.addNode();
        List<TrainingEvent> events = runs.end(runs.start("run", SETTINGS + mesh, withoutNumberAt(7)));

        assertWentBack(events, 6, 6, 14, "training diverged at step 7: loss NaN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 2 }"})
    void theWeightsAreThoseOfTheCheckpoint(String mesh) {
        runs.addNode();
        runs.end(runs.start("run", SETTINGS + mesh, withoutNumberAt(7)));
        completed(runs.train("straight", SETTINGS + mesh));

        List<Double> run = runs.losses("run");
        List<Double> straight = runs.losses("straight");
        int step =
                (int) runs.lines("run", MetricsLine.Rollback.class).getFirst().step();
        assertThat(run.subList(0, step)).isEqualTo(straight.subList(0, step));
        // The same weights as in the other run, on later micro-batches.
        assertThat(run.get(step)).isNotEqualTo(straight.get(step)).isCloseTo(straight.get(step), within(0.2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "mesh { data = 2, zero = 3 }"})
    void stopAndResumeAfterARollbackEndsInTheSameWeights(String mesh) throws IOException {
        runs.addNode();
        String settings = SETTINGS + "train.steps = 60, checkpoint.everySteps = 0\n" + mesh;
        completed(runs.end(runs.start("whole", settings, withHighLosses(10, 12))));
        TestRuns.Running running = runs.start("parts", settings, withHighLosses(10, 12));
        runs.until(running, RolledBack.class::isInstance);
        running.coordinator().tell(new TrainingCoordinator.Stop());
        long stopped = completed(runs.end(running)).steps();
        assertThat(stopped).isBetween(0L, 59L);
        completed(runs.resume("parts", settings));

        assertThat(runs.losses("parts")).isEqualTo(runs.losses("whole"));
        runs.assertSameEnd("parts", "whole");
    }

    @Test
    void weightsThatWereNoGoodAreGivenUpDownToTheBeginning() {
        List<TrainingEvent> events = runs.train("run", EXPLODING);

        assertThat(completed(events).steps()).isEqualTo(30);
        List<RolledBack> back = rollbacks(events);
        assertThat(back).hasSizeGreaterThan(1);
        assertThat(back.getLast().step()).isZero();
        assertThat(back.getLast().checkpoint()).isNull();
        assertThat(runs.losses("run").getLast()).isCloseTo(runs.losses("run").getFirst(), within(0.1));
    }

    @Test
    void thereIsALimit() {
        String message = failure(runs.train(
                "run", EXPLODING + "rollback { limit = 1, learningRateFactor = 1 }, checkpoint.everySteps = 0"));
        assertThat(message)
                .contains("training diverged at step")
                .contains("the run has gone back 1 time (rollback.limit)")
                .contains("Lower optimizer.learningRate");
        assertThat(runs.lines("run", MetricsLine.Rollback.class)).hasSize(1);
    }

    @Test
    void itMayBeSwitchedOff() {
        String message = failure(runs.train("run", EXPLODING + "rollback.limit = 0, checkpoint.everySteps = 0"));
        assertThat(message).contains("training diverged at step").doesNotContain("rollback.limit");
        assertThat(runs.lines("run", MetricsLine.Rollback.class)).isEmpty();
    }
}
