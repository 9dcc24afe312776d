package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import java.util.Optional;

/**
 * What a computed chunk meant for its sequence.
 *
 * @param emitted whether the sampled token is part of the answer: not a stop token, not of a cancelled sequence
 * @param finished why the answer ended, when it did
 */
public record Advance(boolean emitted, Optional<FinishReason> finished) {
    static final Advance NOTHING = new Advance(false, Optional.empty());
}
