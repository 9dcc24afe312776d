package dev.troupe.model.data;

/**
 * Where a training run is in its data: all that a resume needs, because a batch is a function of the two.
 *
 * @param microBatch index of the next micro-batch, from 0, counted over all epochs
 * @param seed seed of the shuffle
 */
public record DataPosition(long microBatch, long seed) {
    public DataPosition {
        if (microBatch < 0) {
            throw new IllegalArgumentException("negative micro-batch index " + microBatch);
        }
    }

    /** The beginning of a run. */
    public static DataPosition start(long seed) {
        return new DataPosition(0, seed);
    }

    /** The position after {@code count} more micro-batches. */
    public DataPosition advance(long count) {
        return new DataPosition(Math.addExact(microBatch, count), seed);
    }
}
