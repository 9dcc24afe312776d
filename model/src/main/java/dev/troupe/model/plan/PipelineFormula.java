package dev.troupe.model.plan;

/** The time of a pipeline in closed form (arXiv:2104.04473, section 2.2), exact for equal stages and free links. */
public final class PipelineFormula {
    private PipelineFormula() {}

    /** The time that stages wait over the time that they work: (p - 1)/(v m). */
    public static double bubbleOverhead(int pipeline, int chunks, int microBatches) {
        return (pipeline - 1.0) / ((double) chunks * microBatches);
    }

    /** The share of the pipeline's time that stages wait: (p - 1)/(v m + p - 1). */
    public static double bubbleShare(int pipeline, int chunks, int microBatches) {
        return (pipeline - 1.0) / ((double) chunks * microBatches + pipeline - 1);
    }

    /**
     * Seconds of the passes of a step whose stages differ: the slowest works all the time, the others' one micro-batch
     * fills and drains the pipeline. m slowest + (sum - slowest)/v; exact where the last stage is the slowest, else an
     * upper bound.
     *
     * @param sum of the forward and backward seconds of one micro-batch, over the stages
     * @param slowest of the stages
     */
    public static double seconds(double sum, double slowest, int chunks, int microBatches) {
        return microBatches * slowest + (sum - slowest) / chunks;
    }

    /**
     * Seconds that transfers between stages add, although no stage waits for what it sends. Under 1F1B a stage has only
     * as many micro-batches in flight as there are stages from it on, so that of every p micro-batches one round trip
     * is waited for: c (2 (p - 1) m/p + 2 (p - 2)), m being a multiple of p. The interleaved schedule has twice as many
     * in flight and waits only while the pipeline fills and drains, c 2 (p v - 1), as long as c is short beside a
     * chunk's passes. Found with the simulation, which has exactly these.
     *
     * @param transfer c, of one micro-batch to the next stage
     */
    public static double transferSeconds(int pipeline, int chunks, int microBatches, double transfer) {
        if (pipeline == 1) {
            return 0;
        }
        if (chunks > 1) {
            return transfer * 2 * (pipeline * chunks - 1);
        }
        return transfer * (2.0 * (pipeline - 1) * microBatches / pipeline + 2 * (pipeline - 2));
    }

    /**
     * Seconds that a reduction in equal buckets adds behind the last backward pass, in which the buckets become ready
     * one after the other: the last bucket at least, or all that does not fit behind the first.
     *
     * @param reduction of all buckets
     * @param backward the last backward pass of the stage that finishes last
     */
    public static double reductionSeconds(double reduction, double backward, int buckets) {
        return Math.max(reduction / buckets, reduction - backward * (buckets - 1) / buckets);
    }
}
