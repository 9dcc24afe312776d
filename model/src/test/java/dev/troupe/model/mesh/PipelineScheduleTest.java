package dev.troupe.model.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PipelineScheduleTest {
    @ParameterizedTest
    @CsvSource({"1,1", "1,5", "2,1", "2,2", "2,7", "3,2", "4,4", "4,9", "5,3"})
    void everyMicroBatchGoesForwardThenBackInOrderAndNoStageHoldsMoreThanItsSlots(int stages, int microBatches) {
        for (int stage = 0; stage < stages; stage++) {
            PipelineSchedule schedule = PipelineSchedule.of(stage, stages, microBatches);
            Deque<Integer> open = new ArrayDeque<>();
            List<Integer> backward = new ArrayList<>();
            int most = 0;
            for (PipelineSchedule.Pass pass : schedule.passes()) {
                if (pass.forward()) {
                    open.addLast(pass.microBatch());
                } else {
                    assertThat(open.removeFirst()).isEqualTo(pass.microBatch());
                    backward.add(pass.microBatch());
                }
                most = Math.max(most, open.size());
            }
            assertThat(open).isEmpty();
            assertThat(backward).hasSize(microBatches).isSorted();
            assertThat(most).isEqualTo(schedule.slots()).isLessThanOrEqualTo(stages - stage);
        }
    }

    /** Passes of one unit of time each, begun as soon as what they need is there. */
    @ParameterizedTest
    @CsvSource({"1,4", "2,4", "4,4", "4,16", "8,8"})
    void itsBubbleIsThatOfTheFormula(int stages, int microBatches) {
        int[][] forwardEnd = new int[stages][microBatches];
        int[][] backwardEnd = new int[stages][microBatches];
        List<Deque<PipelineSchedule.Pass>> left = new ArrayList<>();
        int[] clock = new int[stages];
        for (int stage = 0; stage < stages; stage++) {
            left.add(new ArrayDeque<>(
                    PipelineSchedule.of(stage, stages, microBatches).passes()));
        }
        while (left.stream().anyMatch(passes -> !passes.isEmpty())) {
            boolean moved = false;
            for (int stage = 0; stage < stages; stage++) {
                PipelineSchedule.Pass next = left.get(stage).peekFirst();
                if (next == null) {
                    continue;
                }
                int i = next.microBatch();
                int ready = next.forward()
                        ? (stage == 0 ? -1 : forwardEnd[stage - 1][i])
                        : (stage == stages - 1 ? forwardEnd[stage][i] : backwardEnd[stage + 1][i]);
                if (ready == 0) {
                    continue; // what it needs has not ended
                }
                clock[stage] = Math.max(clock[stage], Math.max(ready, 0)) + 1;
                (next.forward() ? forwardEnd : backwardEnd)[stage][i] = clock[stage];
                left.get(stage).removeFirst();
                moved = true;
            }
            assertThat(moved).as("the schedule does not deadlock").isTrue();
        }
        int total = 0;
        for (int end : clock) {
            total = Math.max(total, end);
        }
        double idle = 1 - 2.0 * microBatches / total;
        assertThat(idle).isEqualTo(PipelineSchedule.bubble(stages, microBatches), within(1e-12));
    }
}
