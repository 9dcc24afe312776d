package dev.troupe.routing.http;

import dev.troupe.actors.serving.ModelDescription;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What every object of one answer has in common.
 *
 * @param id such as "chatcmpl-..."
 * @param created seconds since 1970
 */
record AnswerId(String id, long created, ModelDescription model) {
    /** An id that nothing else has. */
    static String random(String prefix) {
        var random = ThreadLocalRandom.current();
        return prefix
                + HexFormat.of().toHexDigits(random.nextLong())
                + HexFormat.of().toHexDigits(random.nextInt());
    }

    static AnswerId of(String id, ModelDescription model) {
        return new AnswerId(id, Instant.now().getEpochSecond(), model);
    }
}
