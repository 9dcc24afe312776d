package dev.troupe.model.mesh;

import java.util.ArrayList;
import java.util.List;

/**
 * The order in which a pipeline stage works on the micro-batches of a step: 1F1B (PipeDream-Flush, arXiv:2006.09503).
 * After as many forward passes as there are stages behind it, a stage alternates, so that it never holds the
 * activations of more micro-batches than there are stages from it to the end. Backward passes are in order of
 * micro-batch, so sums are those of a single stage.
 */
public final class PipelineSchedule {
    /** A pass of a micro-batch, numbered from 0 within the step and the pipeline. */
    public record Pass(int microBatch, boolean forward) {}

    private final List<Pass> passes;
    private final int slots;

    private PipelineSchedule(List<Pass> passes, int slots) {
        this.passes = List.copyOf(passes);
        this.slots = slots;
    }

    /** The schedule of a stage. */
    public static PipelineSchedule of(int stage, int stages, int microBatches) {
        if (stage < 0 || stage >= stages || microBatches < 1) {
            throw new IllegalArgumentException(
                    "no stage " + stage + " of " + stages + " with " + microBatches + " micro-batches");
        }
        int ahead = Math.min(stages - stage - 1, microBatches);
        List<Pass> passes = new ArrayList<>();
        int forward = 0;
        for (; forward < ahead; forward++) {
            passes.add(new Pass(forward, true));
        }
        for (int backward = 0; backward < microBatches; backward++) {
            if (forward < microBatches) {
                passes.add(new Pass(forward++, true));
            }
            passes.add(new Pass(backward, false));
        }
        return new PipelineSchedule(passes, Math.min(stages - stage, microBatches));
    }

    /** In order. */
    public List<Pass> passes() {
        return passes;
    }

    /** Most micro-batches between their forward and backward pass at once; micro-batch i uses slot i mod slots. */
    public int slots() {
        return slots;
    }

    /** Share of a step's time that stages of equal speed stand still: (p - 1) / (m + p - 1). */
    public static double bubble(int stages, int microBatches) {
        return (stages - 1.0) / (microBatches + stages - 1.0);
    }
}
