package dev.troupe.model.plan.schedule;

import dev.troupe.model.plan.schedule.StageTask.Pass;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stage while it is simulated: the pass that comes next, what has arrived for it, and what its devices have done. */
final class StageRun {
    private final int chunks;
    private final Iterator<StageTask> tasks;
    private final BitSet arrived = new BitSet();
    private final Channel reduction;
    private @Nullable StageTask next;
    private boolean busy;
    private double busySeconds;
    private int inFlight;
    private int peakInFlight;

    StageRun(int chunks, List<StageTask> tasks, EventQueue events) {
        this.chunks = chunks;
        this.tasks = tasks.iterator();
        this.reduction = new Channel(events);
        advance();
    }

    private void advance() {
        next = tasks.hasNext() ? tasks.next() : null;
    }

    /** What a pass needs is here. */
    void arrive(StageTask task) {
        arrived.set(key(task));
    }

    private int key(StageTask task) {
        return (task.microBatch() * chunks + task.chunk()) * 2 + (task.pass() == Pass.FORWARD ? 0 : 1);
    }

    /** The next pass if it can start now; it counts as started then. */
    @Nullable StageTask start() {
        StageTask task = next;
        if (busy || task == null || !arrived.get(key(task))) {
            return null;
        }
        busy = true;
        if (task.pass() == Pass.FORWARD) {
            peakInFlight = Math.max(peakInFlight, ++inFlight);
        }
        advance();
        return task;
    }

    /** A pass has ended. */
    void finish(StageTask task, double seconds) {
        busy = false;
        busySeconds += seconds;
        if (task.pass() == Pass.BACKWARD) {
            inFlight--;
        }
    }

    boolean isDone() {
        return next == null && !busy;
    }

    Channel reduction() {
        return reduction;
    }

    double busySeconds() {
        return busySeconds;
    }

    int peakInFlight() {
        return peakInFlight;
    }
}
