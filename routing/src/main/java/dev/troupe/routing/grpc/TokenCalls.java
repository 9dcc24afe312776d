package dev.troupe.routing.grpc;

import com.google.protobuf.ByteString;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.generate.Tokenization;
import dev.troupe.routing.proto.DetokenizeReply;
import dev.troupe.routing.proto.DetokenizeRequest;
import dev.troupe.routing.proto.TokenPiece;
import dev.troupe.routing.proto.TokenizeReply;
import dev.troupe.routing.proto.TokenizeRequest;
import dev.troupe.routing.route.RequestFailure;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** The methods Tokenize and Detokenize. */
final class TokenCalls {
    private final Tokenization tokenization;

    TokenCalls(Tokenization tokenization) {
        this.tokenization = tokenization;
    }

    CompletionStage<TokenizeReply> tokenize(TokenizeRequest request) {
        boolean chat = request.getMessagesCount() > 0;
        if (chat == request.hasText()) {
            throw new RequestFailure(RequestFailure.Kind.INVALID, "Give one of 'text' and 'messages'.", "text");
        }
        Prompt prompt = chat ? CallReader.conversation(request.getMessagesList()) : new Prompt.Text(request.getText());
        return tokenization
                .tokenize(
                        request.getModel(), chat ? "messages" : "text", prompt, !request.getBare(), request.getPieces())
                .thenApply(tokenized -> TokenizeReply.newBuilder()
                        .setModel(tokenized.model().modelId())
                        .addAllTokens(tokenized.tokens())
                        .addAllPieces(tokenized.pieces().stream()
                                .map(TokenCalls::piece)
                                .toList())
                        .build());
    }

    private static TokenPiece piece(Tokenization.Piece piece) {
        byte[] raw = new byte[piece.bytes().size()];
        for (int i = 0; i < raw.length; i++) {
            raw[i] = piece.bytes().get(i).byteValue();
        }
        return TokenPiece.newBuilder()
                .setText(piece.text())
                .setRaw(ByteString.copyFrom(raw))
                .build();
    }

    CompletionStage<DetokenizeReply> detokenize(DetokenizeRequest request) {
        return tokenization
                .detokenize(request.getModel(), List.copyOf(request.getTokensList()))
                .thenApply(detokenized -> DetokenizeReply.newBuilder()
                        .setModel(detokenized.model().modelId())
                        .setText(detokenized.text())
                        .build());
    }
}
