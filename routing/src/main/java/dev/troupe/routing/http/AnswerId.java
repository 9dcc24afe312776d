package dev.troupe.routing.http;

import dev.troupe.actors.serving.ModelDescription;
import java.time.Instant;

/**
 * What every object of one answer has in common.
 *
 * @param id such as "chatcmpl-..."
 * @param created seconds since 1970
 */
record AnswerId(String id, long created, ModelDescription model) {
    static AnswerId of(String id, ModelDescription model) {
        return new AnswerId(id, Instant.now().getEpochSecond(), model);
    }
}
