package dev.troupe.actors.registry;

import dev.troupe.actors.wire.WireMessage;
import org.jspecify.annotations.Nullable;

/**
 * Where a model comes from, so that an answer can be followed back to its training data.
 *
 * @param step optimizer steps of the run
 * @param manifestSha256 of the checkpoint's manifest, which has the checksums of all its files
 * @param corpus name of the text: "wordnet" or a path
 * @param tokenizerSha256 of tokenizer.json
 * @param evaluation on held-out text; null when not evaluated
 */
public record Lineage(
        String runId,
        String runDirectory,
        long step,
        String manifestSha256,
        String corpus,
        String tokenizerSha256,
        @Nullable Score evaluation)
        implements WireMessage {

    /** Held-out figures; nats a token, bits a byte. */
    public record Score(long tokens, double nllPerToken, double perplexity, double bitsPerByte)
            implements WireMessage {}
}
