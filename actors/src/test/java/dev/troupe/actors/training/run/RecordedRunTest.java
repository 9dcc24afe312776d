package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.training.TinyRun;
import dev.troupe.actors.training.mesh.RankSeconds;
import dev.troupe.actors.training.mesh.TrainerProtocol.RecalledStep;
import dev.troupe.actors.training.mesh.TrainerProtocol.StepTaken;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecordedRunTest {
    private static final int TOKENS = 16;

    private static MetricsLine.Step step(long step) {
        return new MetricsLine.Step(step, 1.0 / step, step / 8.0, 0, step * TOKENS, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    /** Of steps of one micro-batch of 16 tokens. */
    private static StepPlanner planner(@Nullable TrainingState checkpoint) {
        return new StepPlanner(TinyRun.config("train { batch = 1, accumulation = 1 }"), TOKENS, checkpoint);
    }

    /** The step that is the {@code number}-th. */
    private static RecalledStep recalled(long number) {
        return recalled(number, 0);
    }

    private static RecalledStep recalled(long number, int rollbacks) {
        return new RecalledStep(
                new StepOrder(number / 8.0, number - 1, 1),
                new StepTaken(
                        1, "a", number - 1, 1.0 / number, 0.5, true, new RankSeconds(1, 0.25, 0.125, 0, 0.125, 0)),
                rollbacks);
    }

    @Test
    void whatNodesRememberGoesOnWhereTheMetricsEnd() {
        RecordedRun run = RecordedRun.ofLost(
                List.of(step(1), step(2), new MetricsLine.Evaluation(2, 2.5, 10, 0), step(3)),
                List.of(recalled(5), recalled(3), recalled(4), recalled(4), recalled(7)),
                null,
                planner(null));

        assertThat(run.step()).isEqualTo(5);
        assertThat(run.lines()).extracting(MetricsLine::step).containsExactly(1L, 2L, 2L, 3L, 4L, 5L);
        assertThat(((MetricsLine.Step) run.lines().getLast()).tokens()).isEqualTo(5 * TOKENS);
        assertThat(run.orders())
                .containsExactlyElementsOf(LongStream.range(0, 5)
                        .mapToObj(step -> new StepOrder((step + 1) / 8.0, step, 1))
                        .toList());
        assertThat(run.isEvaluated()).isFalse();
        RunProgress progress = run.progress(2, null);
        assertThat(progress.tokens()).isEqualTo(5 * TOKENS);
        assertThat(progress.meanLoss()).isEqualTo((1 / 4.0 + 1 / 5.0) / 2);
        assertThat(progress.curve().training()).hasSize(5);
        assertThat(progress.curve().validation()).hasSize(1);
    }

    @Test
    void aStepThatIsMissingEndsIt() {
        RecordedRun run = RecordedRun.ofLost(
                List.of(step(1), step(3), new MetricsLine.Evaluation(3, 2.5, 10, 0)), List.of(), null, planner(null));

        assertThat(run.step()).isEqualTo(1);
        assertThat(run.lines()).containsExactly(step(1));
    }

    @Test
    void aStepIsThereOnce() {
        assertThat(RecordedRun.ofLost(List.of(step(1), step(1), step(2)), List.of(recalled(2)), null, planner(null))
                        .lines())
                .containsExactly(step(1), step(2));
    }

    @Test
    void aCheckpointIsTheEarliestPlace() {
        TrainingState checkpoint =
                new TrainingState(3, new DataPosition(3, 7), 3 * TOKENS, LossCurve.empty(), Map.of());

        RecordedRun resumed = RecordedRun.of(List.of(step(2), step(3), step(4)), checkpoint, planner(checkpoint));
        assertThat(resumed.step()).isEqualTo(3);
        assertThat(resumed.lines()).containsExactly(step(2), step(3));
        assertThat(resumed.progress(5, checkpoint).tokens()).isEqualTo(3 * TOKENS);
        assertThat(resumed.progress(5, checkpoint).curve().training()).isEmpty();

        assertThat(RecordedRun.ofLost(List.of(step(4)), List.of(), checkpoint, planner(checkpoint))
                        .step())
                .isEqualTo(4);
    }

    @Test
    void theEvaluationAtTheEndIsLeftToBeMeasuredAgain() {
        RecordedRun run = RecordedRun.ofLost(
                List.of(new MetricsLine.StepsFixed(1, 2), step(1), step(2), new MetricsLine.Evaluation(2, 2.5, 10, 0)),
                List.of(),
                null,
                planner(null));
        assertThat(run.isEvaluated()).isTrue();
        assertThat(run.fixedSteps()).isEqualTo(2);
        assertThat(run.withoutFinalEvaluation().isEvaluated()).isFalse();
    }

    @Test
    void microBatchesThatWereLeftOutStayLeftOut() {
        List<MetricsLine> lines =
                List.of(step(1), step(2), new MetricsLine.Rollback(2, 4, "spike", 0.5, 9, 100), step(3), step(4));
        StepPlanner planner = planner(null);
        RecordedRun run = RecordedRun.ofLost(lines, List.of(recalled(5, 1), recalled(6, 0)), null, planner);

        assertThat(run.step()).as("step 6 was taken back").isEqualTo(5);
        assertThat(run.orders()).extracting(StepOrder::firstMicroBatch).containsExactly(0L, 1L, 9L, 10L, 11L);
        assertThat(run.rollbacks().learningRateFactor()).isEqualTo(0.5);
        assertThat(planner.position().microBatch()).isEqualTo(12);
    }

    @Test
    void theLossScaleIsThatOfItsHistory() {
        var config =
                TinyRun.config("train { batch = 1, precision = fp16, lossScale { initial = 1024, growthSteps = 2 } }");
        List<MetricsLine> lines = List.of(
                step(1),
                new MetricsLine.LossScaled(1, 512),
                step(2),
                step(3),
                step(4),
                new MetricsLine.LossScaled(4, 512));

        RecordedRun lost = RecordedRun.ofLost(lines, List.of(), null, new StepPlanner(config, TOKENS, null));
        assertThat(lost.orders()).extracting(StepOrder::lossScale).containsExactly(1024.0, 512.0, 512.0, 1024.0);

        TrainingState checkpoint =
                new TrainingState(4, new DataPosition(4, 7), 4 * TOKENS, LossCurve.empty(), Map.of());
        StepPlanner planner = new StepPlanner(config, TOKENS, checkpoint);
        RecordedRun.of(lines, checkpoint, planner);
        assertThat(planner.next(1e-3).lossScale()).isEqualTo(512);
    }
}
