package dev.troupe.model.plan.schedule;

import dev.troupe.model.plan.PlanArguments;
import java.util.Collections;
import java.util.List;

/**
 * What a step does, in seconds.
 *
 * @param pieces passes through each piece of the model, piece c p + i being chunk c of stage i
 * @param transferSeconds of a micro-batch's activations, or their gradients, to the next stage
 * @param reductionSeconds of a stage's gradients over its data-parallel devices
 * @param buckets that a chunk's gradients are reduced in, each as soon as the chunk's last backward pass has it; with 1
 *     nothing overlaps that pass
 * @param optimizerSeconds after a stage's gradients are reduced
 */
public record PipelineWork(
        PipelineSchedule schedule,
        List<PassSeconds> pieces,
        double transferSeconds,
        double reductionSeconds,
        int buckets,
        double optimizerSeconds) {
    public PipelineWork {
        pieces = List.copyOf(pieces);
        int expected = schedule.stages() * schedule.chunks();
        if (pieces.size() != expected) {
            throw new IllegalArgumentException(pieces.size() + " pieces for a schedule of " + expected);
        }
        PlanArguments.positive("buckets", buckets);
    }

    /** Equal pieces, free links, nothing to reduce. */
    public static PipelineWork uniform(PipelineSchedule schedule, PassSeconds piece) {
        return new PipelineWork(
                schedule, Collections.nCopies(schedule.stages() * schedule.chunks(), piece), 0, 0, 1, 0);
    }

    /** The same with links on which a transfer takes a time. */
    public PipelineWork withTransfers(double seconds) {
        return new PipelineWork(schedule, pieces, seconds, reductionSeconds, buckets, optimizerSeconds);
    }

    /** The same with gradients to reduce. */
    public PipelineWork withReduction(double seconds, int inBuckets) {
        return new PipelineWork(schedule, pieces, transferSeconds, seconds, inBuckets, optimizerSeconds);
    }

    int piece(int stage, int chunk) {
        return chunk * schedule.stages() + stage;
    }
}
