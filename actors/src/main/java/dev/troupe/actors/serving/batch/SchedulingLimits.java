package dev.troupe.actors.serving.batch;

/**
 * What a {@link SchedulingPolicy} must keep to.
 *
 * @param maxBatchTokens most rows of one forward pass; at least {@code maxRunning}, so that every running sequence gets
 *     its token in every step
 * @param maxRunning most sequences that hold cache blocks
 * @param maxQueued most sequences that wait for a place
 * @param contextLength most positions of a sequence, prompt and answer together
 * @param numKvBlocks blocks of the cache; at least those of one full context, so that the oldest sequence always can go
 *     on
 * @param maxQueuedPerClient most sequences of one client that wait for a place
 */
public record SchedulingLimits(
        int maxBatchTokens, int maxRunning, int maxQueued, int contextLength, int numKvBlocks, int maxQueuedPerClient) {
    /** One client may fill the queue. */
    public SchedulingLimits(int maxBatchTokens, int maxRunning, int maxQueued, int contextLength, int numKvBlocks) {
        this(maxBatchTokens, maxRunning, maxQueued, contextLength, numKvBlocks, maxQueued);
    }
}
