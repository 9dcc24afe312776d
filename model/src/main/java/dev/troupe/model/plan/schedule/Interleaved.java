package dev.troupe.model.plan.schedule;

import dev.troupe.model.plan.schedule.StageTask.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * The interleaved 1F1B schedule of arXiv:2104.04473, section 2.2: micro-batches go in groups of p through a stage's
 * first chunk, then through its second, and so on; stage i starts with 2 (p - 1 - i) + (v - 1) p forward passes.
 */
record Interleaved(int stages, int chunks, int microBatches) implements PipelineSchedule {
    @Override
    public List<StageTask> tasks(int stage) {
        int passes = microBatches * chunks;
        int warmUp = Math.min(2 * (stages - 1 - stage) + (chunks - 1) * stages, passes);
        List<StageTask> tasks = new ArrayList<>(2 * passes);
        for (int i = 0; i < passes + warmUp; i++) {
            if (i < passes) {
                tasks.add(new StageTask(Pass.FORWARD, microBatch(i), chunk(i)));
            }
            if (i >= warmUp) {
                int back = i - warmUp;
                tasks.add(new StageTask(Pass.BACKWARD, microBatch(back), chunks - 1 - chunk(back)));
            }
        }
        return tasks;
    }

    private int microBatch(int pass) {
        return pass / (stages * chunks) * stages + pass % stages;
    }

    private int chunk(int pass) {
        return pass % (stages * chunks) / stages;
    }
}
