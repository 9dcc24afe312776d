package dev.troupe.routing.http;

import akka.util.ByteString;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.TokenUsage;
import dev.troupe.routing.stream.TextEvent;
import dev.troupe.routing.stream.TextEvent.FinishReason;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Object "response", and the events of its stream: each item of the output is added, grows, and is done, and the whole
 * object comes at the beginning and at the end.
 */
final class ResponseWriter implements AnswerWriter {
    /** What the endpoint's ids begin with. */
    static final String ID_PREFIX = "resp_";

    private static final String IN_PROGRESS = "in_progress";
    private static final String COMPLETED = "completed";
    private static final String INCOMPLETE = "incomplete";

    private final AnswerId answer;
    private final Generation generation;
    private final ApiRequest request;
    private final TokenUsage usage;
    private final List<ResponseItem> items = new ArrayList<>();
    private final List<ObjectNode> events = new ArrayList<>(); // that no frame has yet
    private @Nullable FinishReason ended;
    private int nextNumber; // of an event

    ResponseWriter(AnswerId answer, Generation generation, ApiRequest request) {
        this.answer = answer;
        this.generation = generation;
        this.request = request;
        usage = new TokenUsage(generation);
    }

    @Override
    public ObjectNode whole(List<ChoiceEvent> all) {
        all.forEach(event -> on(event.event()));
        return response();
    }

    @Override
    public ByteString frames(ChoiceEvent event) {
        on(event.event());
        var frames = events.stream()
                .map(object -> EventFrame.of(object.get("type").textValue(), object))
                .reduce(ByteString.emptyByteString(), ByteString::concat);
        events.clear();
        return frames;
    }

    /** The event of the end was the last one. */
    @Override
    public ByteString lastFrames() {
        return ByteString.emptyByteString();
    }

    /** What is wrong stands in it twice: as the event is documented, and as clients look for it. */
    @Override
    public ByteString failure(ApiProblem problem) {
        var event = event("error");
        var error = problem.body().withObject("error");
        event.set("code", error.get("code"));
        event.set("message", error.get("message"));
        event.set("param", error.get("param"));
        event.set("error", error);
        return EventFrame.of("error", event);
    }

    private void on(TextEvent event) {
        if (nextNumber == 0) {
            tellResponse("response.created");
            tellResponse("response.in_progress");
        }
        switch (event) {
            case TextEvent.Begun begun -> {}
            case TextEvent.Piece piece -> piece(piece);
            case TextEvent.Call call -> call(call);
            case TextEvent.End end -> end(end);
        }
    }

    private void piece(TextEvent.Piece piece) {
        boolean afterCall = !items.isEmpty() && items.getLast() instanceof ResponseItem.Call;
        if (piece.text().isEmpty() && (afterCall || !request.tellsTokens())) {
            return; // of tokens without a text, such as what stands around calls
        }
        var message = message();
        message.text().append(piece.text());
        var scores = Json.object().arrayNode();
        if (request.tellsTokens()) {
            TokenScores.add(scores, piece.tokens(), generation.tokenizer());
            message.logProbs().addAll(scores);
        }
        ofPart("response.output_text.delta").put("delta", piece.text()).set("logprobs", scores);
    }

    /** The one that text belongs to now. */
    private ResponseItem.Message message() {
        if (!items.isEmpty() && items.getLast() instanceof ResponseItem.Message last) {
            return last;
        }
        closeLast(COMPLETED);
        var message = new ResponseItem.Message(itemId("msg_"));
        items.add(message);
        ofOutput("response.output_item.added").set("item", message.opened(IN_PROGRESS));
        ofPart("response.content_part.added").set("part", message.part());
        return message;
    }

    private void call(TextEvent.Call more) {
        if (!more.name().isEmpty()) {
            closeLast(COMPLETED);
            var added = new ResponseItem.Call(itemId("fc_"), more.id(), more.name());
            items.add(added);
            ofOutput("response.output_item.added").set("item", added.object(IN_PROGRESS));
        }
        if (items.getLast() instanceof ResponseItem.Call call
                && !more.arguments().isEmpty()) {
            call.arguments().append(more.arguments());
            ofItem("response.function_call_arguments.delta").put("delta", more.arguments());
        }
    }

    private void end(TextEvent.End end) {
        usage.ended(0, end);
        ended = end.reason();
        if (items.isEmpty()) {
            message();
        }
        closeLast(status());
        tellResponse("response." + status());
    }

    private void closeLast(String status) {
        if (items.isEmpty()) {
            return;
        }
        switch (items.getLast()) {
            case ResponseItem.Message message -> {
                ofPart("response.output_text.done")
                        .put("text", message.text().toString())
                        .set("logprobs", message.logProbs().deepCopy());
                ofPart("response.content_part.done").set("part", message.part());
            }
            case ResponseItem.Call call ->
                ofItem("response.function_call_arguments.done")
                        .put("name", call.name())
                        .put("arguments", call.arguments().toString());
        }
        ofOutput("response.output_item.done").set("item", items.getLast().object(status));
    }

    /** The next event. */
    private ObjectNode event(String type) {
        return Json.object().put("type", type).put("sequence_number", nextNumber++);
    }

    /** The next event, to be told. */
    private ObjectNode tell(String type) {
        var event = event(type);
        events.add(event);
        return event;
    }

    private void tellResponse(String type) {
        tell(type).set("response", response());
    }

    /** Of the last item's place. */
    private ObjectNode ofOutput(String type) {
        return tell(type).put("output_index", items.size() - 1);
    }

    /** Of the last item. */
    private ObjectNode ofItem(String type) {
        return ofOutput(type).put("item_id", items.getLast().id());
    }

    /** Of the last item's only part. */
    private ObjectNode ofPart(String type) {
        return ofItem(type).put("content_index", 0);
    }

    private String itemId(String prefix) {
        var own = answer.id().substring(ID_PREFIX.length());
        return prefix + own + HexFormat.of().toHexDigits((byte) items.size());
    }

    private String status() {
        if (ended == null) {
            return IN_PROGRESS;
        }
        return reasonToStop().isEmpty() ? COMPLETED : INCOMPLETE;
    }

    /** Why it is not complete; "" when it is. */
    private String reasonToStop() {
        return switch (ended) {
            case LENGTH -> "max_output_tokens";
            case CONTENT_FILTER -> "content_filter";
            case STOP, TOOL_CALLS -> "";
            case null -> "";
        };
    }

    private ObjectNode response() {
        var response = Json.object()
                .put("id", answer.id())
                .put("object", "response")
                .put("created_at", answer.created())
                .put("status", status())
                .put("model", answer.model().modelId())
                .putNull("error");
        if (reasonToStop().isEmpty()) {
            response.putNull("incomplete_details");
        } else {
            response.putObject("incomplete_details").put("reason", reasonToStop());
        }
        var output = response.putArray("output");
        for (int i = 0; i < items.size(); i++) {
            output.add(items.get(i).object(i < items.size() - 1 ? COMPLETED : status()));
        }
        response.setAll(request.repeated());
        return ended == null ? response.putNull("usage") : addUsage(response);
    }

    private ObjectNode addUsage(ObjectNode response) {
        var counts = response.putObject("usage").put("input_tokens", usage.promptTokens());
        counts.putObject("input_tokens_details").put("cached_tokens", usage.cachedTokens());
        counts.put("output_tokens", usage.completionTokens())
                .putObject("output_tokens_details")
                .put("reasoning_tokens", 0);
        counts.put("total_tokens", usage.totalTokens());
        return response;
    }
}
