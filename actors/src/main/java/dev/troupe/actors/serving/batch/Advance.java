package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import java.util.Optional;

/**
 * What a computed chunk meant for its sequence.
 *
 * @param numEmitted how many of the sampled tokens, the first ones, are part of the answer: not stop tokens and what
 *     comes after, not those of a cancelled sequence
 * @param finished why the answer ended, when it did
 */
public record Advance(int numEmitted, Optional<FinishReason> finished) {
    static final Advance NOTHING = new Advance(0, Optional.empty());
}
