package dev.troupe.model.plan.schedule;

import dev.troupe.model.plan.schedule.StageTask.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a step of a pipeline, event by event. A stage runs its passes in the schedule's order, each as soon as the stage
 * is free and what the pass needs has arrived. Sending does not hold a stage up; each direction between two stages is a
 * link that carries one micro-batch at a time. Gradients travel on links of their own.
 */
public final class PipelineSimulator {
    private final PipelineWork work;
    private final PipelineSchedule schedule;
    private final EventQueue events = new EventQueue();
    private final List<StageRun> stages = new ArrayList<>();
    private final List<Channel> onward = new ArrayList<>();
    private final List<Channel> back = new ArrayList<>();
    private double lastPass;
    private int numTasks;

    private PipelineSimulator(PipelineWork work) {
        this.work = work;
        this.schedule = work.schedule();
        for (int stage = 0; stage < schedule.stages(); stage++) {
            stages.add(new StageRun(schedule.chunks(), schedule.tasks(stage), events));
            onward.add(new Channel(events));
            back.add(new Channel(events));
        }
    }

    /** Simulates one step. */
    public static SimulatedStep run(PipelineWork work) {
        return new PipelineSimulator(work).run();
    }

    private SimulatedStep run() {
        for (int microBatch = 0; microBatch < schedule.microBatches(); microBatch++) {
            stages.getFirst().arrive(new StageTask(Pass.FORWARD, microBatch, 0));
        }
        startIfReady(0);
        events.run();
        double end = 0;
        for (StageRun stage : stages) {
            if (!stage.isDone()) {
                throw new IllegalStateException(
                        "the schedule waits for itself: a stage never got what its next pass needs");
            }
            end = Math.max(end, Math.max(lastPass, stage.reduction().freeAt()) + work.optimizerSeconds());
        }
        return new SimulatedStep(
                end,
                lastPass,
                stages.stream().map(StageRun::busySeconds).toList(),
                stages.stream().map(StageRun::peakInFlight).toList(),
                numTasks);
    }

    private void startIfReady(int stage) {
        StageTask task = stages.get(stage).start();
        if (task == null) {
            return;
        }
        PassSeconds seconds = work.pieces().get(work.piece(stage, task.chunk()));
        double duration = task.pass() == Pass.FORWARD ? seconds.forward() : seconds.backward();
        if (endsGradients(task)) {
            planReduction(stage, duration);
        }
        events.at(events.now() + duration, () -> finish(stage, task, duration));
    }

    private void finish(int stage, StageTask task, double duration) {
        stages.get(stage).finish(task, duration);
        lastPass = events.now();
        numTasks++;
        if (task.pass() == Pass.FORWARD) {
            sendOnward(stage, task);
        } else {
            sendBack(stage, task);
        }
        startIfReady(stage);
    }

    /** To the next piece; behind the last piece, backward can start. */
    private void sendOnward(int stage, StageTask task) {
        int piece = work.piece(stage, task.chunk());
        if (piece + 1 == work.pieces().size()) {
            arrive(piece, Pass.BACKWARD, task.microBatch());
        } else {
            onward.get(stage).send(work.transferSeconds(), () -> arrive(piece + 1, Pass.FORWARD, task.microBatch()));
        }
    }

    private void sendBack(int stage, StageTask task) {
        int piece = work.piece(stage, task.chunk());
        if (piece > 0) {
            back.get(stage).send(work.transferSeconds(), () -> arrive(piece - 1, Pass.BACKWARD, task.microBatch()));
        }
    }

    private void arrive(int piece, Pass pass, int microBatch) {
        int stage = piece % schedule.stages();
        stages.get(stage).arrive(new StageTask(pass, microBatch, piece / schedule.stages()));
        startIfReady(stage);
    }

    /** After the backward pass of the last micro-batch a chunk's gradients are complete. */
    private boolean endsGradients(StageTask task) {
        return task.pass() == Pass.BACKWARD && task.microBatch() == schedule.microBatches() - 1;
    }

    /** Gradients come out of the pass that starts now evenly, from its last layer to its first. */
    private void planReduction(int stage, double duration) {
        double chunkSeconds = work.reductionSeconds() / schedule.chunks();
        Channel reduction = stages.get(stage).reduction();
        int buckets = work.buckets();
        for (int bucket = 1; bucket <= buckets; bucket++) {
            events.at(
                    events.now() + duration * bucket / buckets, () -> reduction.send(chunkSeconds / buckets, () -> {}));
        }
    }
}
