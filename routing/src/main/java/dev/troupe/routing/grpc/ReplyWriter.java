package dev.troupe.routing.grpc;

import com.google.protobuf.ByteString;
import dev.troupe.actors.serving.GenerationEvent.Alternative;
import dev.troupe.routing.generate.ChoiceEvent;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.TokenUsage;
import dev.troupe.routing.proto.Choice;
import dev.troupe.routing.proto.ChoiceFinished;
import dev.troupe.routing.proto.FinishReason;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateReply;
import dev.troupe.routing.proto.TextPiece;
import dev.troupe.routing.proto.TokenLogProb;
import dev.troupe.routing.proto.ToolCall;
import dev.troupe.routing.proto.ToolCallPiece;
import dev.troupe.routing.proto.Usage;
import dev.troupe.routing.stream.CollectedCalls;
import dev.troupe.routing.stream.ScoredToken;
import dev.troupe.routing.stream.TextEvent;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Writes the answers of one call as messages. Not thread-safe. */
final class ReplyWriter {
    private final String requestId;
    private final Generation generation;
    private final boolean logProbs;
    private final TokenUsage usage;

    ReplyWriter(String requestId, Generation generation, boolean logProbs) {
        this.requestId = requestId;
        this.generation = generation;
        this.logProbs = logProbs;
        this.usage = new TokenUsage(generation);
    }

    GenerateReply whole(List<ChoiceEvent> events) {
        var choices = new ArrayList<Choice.Builder>();
        var texts = new ArrayList<StringBuilder>();
        var calls = new ArrayList<CollectedCalls>();
        for (int i = 0; i < generation.numChoices(); i++) {
            choices.add(Choice.newBuilder().setIndex(i));
            texts.add(new StringBuilder());
            calls.add(new CollectedCalls());
        }
        for (var event : events) {
            var choice = choices.get(event.choice());
            switch (event.event()) {
                case TextEvent.Begun begun -> {}
                case TextEvent.Piece piece -> {
                    texts.get(event.choice()).append(piece.text());
                    choice.addAllLogProbs(logProbs(piece.tokens()));
                }
                case TextEvent.Call call -> {
                    calls.get(event.choice()).add(call);
                    choice.addAllLogProbs(logProbs(call.tokens()));
                }
                case TextEvent.End end -> {
                    usage.ended(event.choice(), end);
                    choice.setFinishReason(reason(end.reason()));
                }
            }
        }
        var reply = GenerateReply.newBuilder()
                .setRequestId(requestId)
                .setModel(generation.model().modelId())
                .setModelVersion(generation.model().version())
                .setCreated(Instant.now().getEpochSecond())
                .setSeed(generation.seed())
                .setUsage(usage());
        for (int i = 0; i < choices.size(); i++) {
            reply.addChoices(choices.get(i)
                    .setText(texts.get(i).toString())
                    .addAllToolCalls(
                            calls.get(i).calls().stream().map(ReplyWriter::call).toList()));
        }
        return reply.build();
    }

    /** The message that an event of a stream becomes; one is not for clients, {@link TextEvent.Begun}. */
    GenerateChunk chunk(ChoiceEvent event) {
        var chunk = chunk();
        switch (event.event()) {
            case TextEvent.Begun begun -> throw new IllegalArgumentException("there is no message of a beginning");
            case TextEvent.Piece piece ->
                chunk.setPiece(TextPiece.newBuilder()
                        .setChoice(event.choice())
                        .setText(piece.text())
                        .addAllLogProbs(logProbs(piece.tokens())));
            case TextEvent.Call call ->
                chunk.setToolCall(ToolCallPiece.newBuilder()
                        .setChoice(event.choice())
                        .setIndex(call.index())
                        .setId(call.id())
                        .setName(call.name())
                        .setArguments(call.arguments())
                        .addAllLogProbs(logProbs(call.tokens())));
            case TextEvent.End end -> {
                usage.ended(event.choice(), end);
                chunk.setFinished(
                        ChoiceFinished.newBuilder().setChoice(event.choice()).setFinishReason(reason(end.reason())));
            }
        }
        return chunk.build();
    }

    private static ToolCall call(dev.troupe.model.chat.ToolCall call) {
        return ToolCall.newBuilder()
                .setId(call.id())
                .setName(call.name())
                .setArguments(call.arguments())
                .build();
    }

    GenerateChunk lastChunk() {
        return chunk().setUsage(usage()).build();
    }

    private GenerateChunk.Builder chunk() {
        return GenerateChunk.newBuilder()
                .setRequestId(requestId)
                .setModel(generation.model().modelId())
                .setModelVersion(generation.model().version());
    }

    private Usage usage() {
        return Usage.newBuilder()
                .setPromptTokens(usage.promptTokens())
                .setCompletionTokens(usage.completionTokens())
                .setTotalTokens(usage.totalTokens())
                .setCachedTokens(usage.cachedTokens())
                .build();
    }

    private List<TokenLogProb> logProbs(List<ScoredToken> tokens) {
        if (!logProbs) {
            return List.of();
        }
        return tokens.stream()
                .map(token -> describe(token.token(), token.logProb())
                        .addAllTop(token.alternatives().stream().map(this::top).toList())
                        .build())
                .toList();
    }

    private TokenLogProb top(Alternative other) {
        return describe(other.token(), other.logProb()).build();
    }

    private TokenLogProb.Builder describe(int token, double logProb) {
        byte[] bytes = generation.tokenizer().tokenBytes(token);
        var described = TokenLogProb.newBuilder()
                .setToken(token)
                .setText(new String(bytes, StandardCharsets.UTF_8))
                .setRaw(ByteString.copyFrom(bytes));
        return Double.isNaN(logProb) ? described : described.setLogProb(logProb);
    }

    private static FinishReason reason(TextEvent.FinishReason reason) {
        return switch (reason) {
            case STOP -> FinishReason.FINISH_REASON_STOP;
            case TOOL_CALLS -> FinishReason.FINISH_REASON_TOOL_CALLS;
            case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
            case CONTENT_FILTER -> FinishReason.FINISH_REASON_CONTENT_FILTER;
        };
    }
}
