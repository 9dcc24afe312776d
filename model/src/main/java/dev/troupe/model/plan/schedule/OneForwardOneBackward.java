package dev.troupe.model.plan.schedule;

import dev.troupe.model.plan.schedule.StageTask.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * PipeDream-Flush (arXiv:2006.09503, figure 2 of arXiv:2104.04473): stage i starts with p - 1 - i forward passes, then
 * runs a forward and a backward pass in turn, then the backward passes that are left. At most p - i micro-batches are
 * in flight.
 */
record OneForwardOneBackward(int stages, int microBatches) implements PipelineSchedule {
    @Override
    public int chunks() {
        return 1;
    }

    @Override
    public List<StageTask> tasks(int stage) {
        int warmUp = Math.min(stages - 1 - stage, microBatches);
        List<StageTask> tasks = new ArrayList<>(2 * microBatches);
        for (int i = 0; i < microBatches + warmUp; i++) {
            if (i < microBatches) {
                tasks.add(new StageTask(Pass.FORWARD, i, 0));
            }
            if (i >= warmUp) {
                tasks.add(new StageTask(Pass.BACKWARD, i - warmUp, 0));
            }
        }
        return tasks;
    }
}
