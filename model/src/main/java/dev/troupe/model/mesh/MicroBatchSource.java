package dev.troupe.model.mesh;

/** Gives every rank that asks the same tokens for the same number. */
@FunctionalInterface
public interface MicroBatchSource {
    /**
     * Fills in a micro-batch.
     *
     * @param microBatch number from the start of the run
     * @param inputs [R]
     * @param targets [R]; -1 does not count
     */
    void fill(long microBatch, int[] inputs, int[] targets);

    /** Says which one is likely to be asked for next, so that it may be read meanwhile. */
    default void expect(long microBatch) {}
}
