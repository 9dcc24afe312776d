package dev.troupe.actors.serving.batch;

import java.util.List;

/**
 * One step: the boundary between the policy, which decides, and the engine, which computes. Plain immutable data.
 *
 * @param chunks at most one of each sequence, decodes first
 */
public record ScheduledBatch(List<ScheduledChunk> chunks) {
    public ScheduledBatch {
        chunks = List.copyOf(chunks);
    }

    public boolean isEmpty() {
        return chunks.isEmpty();
    }

    /** Rows of the forward pass. */
    public int numTokens() {
        return chunks.stream().mapToInt(chunk -> chunk.tokens().size()).sum();
    }

    /** Chunks that end with new tokens of the answer. */
    public int numSampled() {
        return (int) chunks.stream().filter(ScheduledChunk::sampled).count();
    }
}
