package dev.troupe.routing.http;

import akka.util.ByteString;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import java.util.List;

/** Writes the answers of one request as its endpoint's objects: all at once, or event by event. Not thread-safe. */
interface AnswerWriter {
    /** The whole answer, from all events of it. */
    ObjectNode whole(List<ChoiceEvent> events);

    /** The frames that an event of a stream becomes; none, it may be, that of a beginning. */
    ByteString frames(ChoiceEvent event);

    /** What follows the last event of a stream. */
    ByteString lastFrames();

    /** The last frames of a stream whose answers failed. */
    ByteString failure(ApiProblem problem);

    /** Makes the writer of a request's answers. */
    @FunctionalInterface
    interface Factory {
        AnswerWriter create(AnswerId id, Generation generation, ApiRequest request);
    }
}
