package dev.troupe.model.plan.schedule;

/** A pass of one micro-batch through one chunk of a stage. */
public record StageTask(Pass pass, int microBatch, int chunk) {
    /** Which pass. */
    public enum Pass {
        FORWARD,
        BACKWARD
    }
}
