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

    /** Tokens of all chunks. */
    public int numTokens() {
        return chunks.stream().mapToInt(chunk -> chunk.tokens().size()).sum();
    }

    /** Rows of the forward pass, those included that the engine puts behind chunks before it. */
    public int numRows() {
        return numTokens()
                + chunks.stream().mapToInt(ScheduledChunk::numToGuess).sum();
    }

    /** Passes of the model that guesses, one behind the other, before the forward pass. */
    public int numGuessPasses() {
        return chunks.stream().mapToInt(ScheduledChunk::numToGuess).max().orElse(0);
    }

    /** Whether a prompt is read, or what else is known of a sequence and not computed, as after a preemption. */
    public boolean readsKnownTokens() {
        return chunks.stream().anyMatch(ScheduledChunk::readsKnownTokens);
    }
}
