package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;

/** A streamed completion, line by line. */
final class CompletionEvents {
    private CompletionEvents() {}

    /** Adds what an event of the stream says; false when the line is none. */
    static boolean append(String line, StringBuilder text) throws IOException {
        if (!line.startsWith("data: {")) {
            return false;
        }
        JsonNode event = ServingNode.JSON.readTree(line.substring("data: ".length()));
        assertThat(event.has("error")).as(line).isFalse();
        text.append(event.at("/choices/0/text").asText());
        return true;
    }

    /** The rest of a stream, up to its good end. */
    static void finish(RawHttp client, StringBuilder text) throws IOException {
        String line = client.line();
        while (!line.equals("data: [DONE]")) {
            assertThat(line).as("the stream is cut off").isNotEqualTo("null");
            append(line, text);
            line = client.line();
        }
    }
}
