package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.kv.BlockTable;
import java.util.List;

/**
 * Consecutive tokens of one sequence to be computed in this step.
 *
 * @param arrival the sequence's number
 * @param firstPosition position of the first token in the sequence
 * @param tokens one for a decode, a piece of the prompt for a prefill
 * @param blocks where the keys and values of the sequence lie
 * @param numPrompt tokens of the prompt, which come first in the sequence; the others were generated
 * @param sampled whether the last token's logits are wanted, because all known tokens are computed then
 */
public record ScheduledChunk(
        long arrival, int firstPosition, List<Integer> tokens, BlockTable blocks, int numPrompt, boolean sampled) {}
