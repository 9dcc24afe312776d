package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** An element of a response's output, which grows. Not thread-safe. */
sealed interface ResponseItem {
    /** Unique to it. */
    String id();

    /** As it is so far. */
    ObjectNode object(String status);

    /** Text that the model says. */
    record Message(String id, StringBuilder text, ArrayNode logProbs) implements ResponseItem {
        Message(String id) {
            this(id, new StringBuilder(), Json.object().arrayNode());
        }

        @Override
        public ObjectNode object(String status) {
            var message = opened(status);
            message.withArray("content").add(part());
            return message;
        }

        /** Before it has any text. */
        ObjectNode opened(String status) {
            var message = Json.object().put("id", id).put("type", "message").put("status", status);
            message.put("role", "assistant").putArray("content");
            return message;
        }

        /** Its only part. */
        ObjectNode part() {
            var part = Json.object().put("type", "output_text").put("text", text.toString());
            part.putArray("annotations");
            part.putArray("logprobs").addAll(logProbs);
            return part;
        }
    }

    /** A call of a function. */
    record Call(String id, String callId, String name, StringBuilder arguments) implements ResponseItem {
        Call(String id, String callId, String name) {
            this(id, callId, name, new StringBuilder());
        }

        @Override
        public ObjectNode object(String status) {
            return Json.object()
                    .put("id", id)
                    .put("type", "function_call")
                    .put("status", status)
                    .put("call_id", callId)
                    .put("name", name)
                    .put("arguments", arguments.toString());
        }
    }
}
