package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.batch.ScheduledBatch;

/**
 * Whether tokens wait for those of the next step, to leave together with them. What an answer's tokens cost beside
 * kernels is nearly all for each time that something leaves, not for each token, and an interval is as short as one
 * picture of a screen.
 *
 * <p>Nothing waits on a clock. A step that follows is known before it is computed: one with no more rows than the last,
 * and no more passes of a draft model, takes no longer than that did. Where it would end too late, or may, or reads a
 * prompt, whose rows are not like others, what waits leaves before it.
 */
final class StreamInterval {
    private final long intervalNanos;
    private int lastRows;
    private int lastGuessPasses;
    private long lastNanos;

    /** @param intervalNanos that a token waits at most, as far as can be told; none does with 0 */
    StreamInterval(long intervalNanos) {
        this.intervalNanos = intervalNanos;
    }

    /** A step was computed. */
    void stepTook(ScheduledBatch batch, long nanos) {
        lastRows = batch.numRows();
        lastGuessPasses = batch.numGuessPasses();
        lastNanos = nanos;
    }

    /**
     * Whether tokens may wait for the end of this step.
     *
     * @param waitedNanos of the one that waits longest
     */
    boolean outlasts(ScheduledBatch next, long waitedNanos) {
        return !next.isEmpty()
                && !next.readsKnownTokens()
                && next.numRows() <= lastRows
                && next.numGuessPasses() <= lastGuessPasses
                && waitedNanos + lastNanos <= intervalNanos;
    }
}
