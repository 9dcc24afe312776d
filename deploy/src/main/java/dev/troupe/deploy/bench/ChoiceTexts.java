package dev.troupe.deploy.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.proto.Choice;
import dev.troupe.routing.proto.FinishReason;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateReply;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The choices of one answer, text and why it ended, from whatever they came in: whole or in pieces, as completion or
 * chat, over HTTP or gRPC. What is the same answer is the same string.
 */
final class ChoiceTexts {
    private static final String GRPC_REASON = "FINISH_REASON_";

    private final Map<Integer, StringBuilder> texts = new TreeMap<>();
    private final Map<Integer, String> reasons = new TreeMap<>();

    private ChoiceTexts() {}

    /** Of an answer's body, or of the events of a stream, one after the other. */
    static String of(List<JsonNode> objects, int numChoices) throws IOException {
        ChoiceTexts all = new ChoiceTexts();
        for (JsonNode object : objects) {
            for (JsonNode choice : object.path("choices")) {
                JsonNode chat = choice.path(choice.has("delta") ? "delta" : "message");
                String text = chat.isMissingNode()
                        ? choice.path("text").asText()
                        : chat.path("content").asText("");
                all.add(
                        choice.path("index").asInt(-1),
                        text,
                        choice.path("finish_reason").asText(""));
            }
        }
        return all.joined(numChoices);
    }

    static String of(GenerateReply reply) throws IOException {
        ChoiceTexts all = new ChoiceTexts();
        for (Choice choice : reply.getChoicesList()) {
            all.add(choice.getIndex(), choice.getText(), reason(choice.getFinishReason()));
        }
        return all.joined(1);
    }

    static String ofChunks(List<GenerateChunk> chunks) throws IOException {
        ChoiceTexts all = new ChoiceTexts();
        for (GenerateChunk chunk : chunks) {
            if (chunk.hasPiece()) {
                all.add(chunk.getPiece().getChoice(), chunk.getPiece().getText(), "");
            } else if (chunk.hasFinished()) {
                all.add(
                        chunk.getFinished().getChoice(),
                        "",
                        reason(chunk.getFinished().getFinishReason()));
            }
        }
        return all.joined(1);
    }

    private static String reason(FinishReason reason) {
        return reason.name().substring(GRPC_REASON.length()).toLowerCase(Locale.ROOT);
    }

    private void add(int choice, String text, String reason) {
        texts.computeIfAbsent(choice, key -> new StringBuilder()).append(text);
        if (!reason.isEmpty()) {
            reasons.put(choice, reason);
        }
    }

    private String joined(int numChoices) throws IOException {
        StringBuilder joined = new StringBuilder();
        for (int choice = 0; choice < numChoices; choice++) {
            if (!texts.containsKey(choice) || !reasons.containsKey(choice)) {
                throw new IOException("choice " + choice + " of " + numChoices + " is not there, or has no end");
            }
            joined.append(texts.get(choice))
                    .append('[')
                    .append(reasons.get(choice))
                    .append(']');
        }
        if (texts.size() != numChoices) {
            throw new IOException(texts.size() + " choices instead of " + numChoices);
        }
        return joined.toString();
    }
}
