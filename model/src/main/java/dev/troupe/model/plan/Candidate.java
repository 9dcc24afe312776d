package dev.troupe.model.plan;

/**
 * A layout with what it takes.
 *
 * @param fits whether its memory is there
 */
public record Candidate(Layout layout, MemoryEstimate memory, StepEstimate step, boolean fits) {}
