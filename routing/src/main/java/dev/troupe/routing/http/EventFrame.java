package dev.troupe.routing.http;

import akka.util.ByteString;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;

/**
 * A server-sent event with a JSON object that is the same but for one text.
 *
 * @param before the event up to the text's quotation mark
 * @param after the event from the text's end on
 */
record EventFrame(ByteString before, ByteString after) {
    private static final String NAME = "event: ";
    private static final String START = "data: ";
    private static final String END = "\n\n";
    private static final String QUOTE = "\"";

    /** An event with an object. */
    static ByteString of(JsonNode object) {
        return ByteString.fromString(START + Json.write(object) + END);
    }

    /** An event with a name and an object. */
    static ByteString of(String name, JsonNode object) {
        return ByteString.fromString(NAME + name + "\n" + START + Json.write(object) + END);
    }

    /**
     * An event with an object in which a text stands for others.
     *
     * @param mark that text, which needs no escapes
     * @throws IllegalArgumentException when it is not there, or more than once
     */
    static EventFrame around(String mark, JsonNode object) {
        var event = START + Json.write(object) + END;
        var quoted = QUOTE + mark + QUOTE;
        int at = event.indexOf(quoted);
        if (at < 0 || event.indexOf(quoted, at + 1) >= 0) {
            throw new IllegalArgumentException("'" + mark + "' is not once in " + event);
        }
        return new EventFrame(
                ByteString.fromString(event.substring(0, at + 1)),
                ByteString.fromString(event.substring(at + quoted.length() - 1)));
    }

    /** The event with a text, which is whole characters. */
    ByteString with(String text) {
        byte[] quoted = JsonStringEncoder.getInstance().quoteAsUTF8(text);
        byte[] all = new byte[before.size() + quoted.length + after.size()];
        before.copyToBuffer(ByteBuffer.wrap(all, 0, before.size()));
        System.arraycopy(quoted, 0, all, before.size(), quoted.length);
        after.copyToBuffer(ByteBuffer.wrap(all, before.size() + quoted.length, after.size()));
        return ByteString.fromArrayUnsafe(all);
    }
}
