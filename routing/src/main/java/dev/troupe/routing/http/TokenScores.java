package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.stream.ScoredToken;
import java.util.List;

/** Log-probabilities of tokens as chats and responses have them. */
final class TokenScores {
    private TokenScores() {}

    /** Adds an object for each token. */
    static void add(ArrayNode list, List<ScoredToken> tokens, Tokenizer tokenizer) {
        for (var token : tokens) {
            var top = describe(list.addObject(), token.token(), token.logProb(), tokenizer)
                    .putArray("top_logprobs");
            token.alternatives().forEach(other -> describe(top.addObject(), other.token(), other.logProb(), tokenizer));
        }
    }

    private static ObjectNode describe(ObjectNode node, int token, double logProb, Tokenizer tokenizer) {
        node.put("token", TokenSpelling.of(tokenizer, token, "")).put("logprob", logProb);
        if (tokenizer.specialSpelling(token).isPresent()) {
            return node.putNull("bytes");
        }
        var array = node.putArray("bytes");
        for (byte b : tokenizer.tokenBytes(token)) {
            array.add(b & 0xFF);
        }
        return node;
    }
}
