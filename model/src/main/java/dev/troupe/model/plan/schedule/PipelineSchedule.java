package dev.troupe.model.plan.schedule;

import dev.troupe.model.TroupeException;
import java.util.List;

/** The order in which each stage of a pipeline runs its passes. */
public interface PipelineSchedule {
    /** p, stages; each on its own devices. */
    int stages();

    /** v, chunks of a stage: chunk c of stage i has the model's piece c p + i. */
    int chunks();

    /** m, micro-batches of a step. */
    int microBatches();

    /** The passes of a stage, forward and backward of every micro-batch in every chunk, in their order. */
    List<StageTask> tasks(int stage);

    /**
     * 1F1B, or with several chunks the interleaved schedule.
     *
     * @throws TroupeException when micro-batches of an interleaved schedule are not a multiple of its stages
     */
    static PipelineSchedule of(int stages, int chunks, int microBatches) {
        if (chunks == 1) {
            return new OneForwardOneBackward(stages, microBatches);
        }
        if (stages < 2) {
            throw new TroupeException(
                    "a pipeline of one stage has nothing to interleave: it has 1 chunk, not " + chunks);
        }
        if (microBatches % stages != 0) {
            throw new TroupeException("interleaved stages need micro-batches (" + microBatches
                    + ") in multiples of the pipeline's size (" + stages + ")");
        }
        return new Interleaved(stages, chunks, microBatches);
    }
}
