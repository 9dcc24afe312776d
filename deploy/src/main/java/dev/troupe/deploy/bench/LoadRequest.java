package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A request for the most likely tokens, the same at every level.
 *
 * @param bias of tokens: of those that it names for, one is always the most likely
 */
record LoadRequest(Map<Integer, Double> bias) {
    private static final double ALWAYS = 100; // the strongest bias that the API takes
    private static final int NUM_TOKENS = 8;

    LoadRequest {
        bias = Map.copyOf(bias);
    }

    /**
     * For tokens of plain ASCII alone. None of them ends an answer, so that all have the same length; and each is text
     * by itself. A model with random weights gives parts of characters, too, and a stream of text rightly waits for the
     * rest of one, a whole step, where the engine counts a token.
     *
     * @throws TroupeException when the vocabulary has no such token
     */
    static LoadRequest forPlainText(Tokenizer tokenizer) {
        Map<Integer, Double> bias = IntStream.range(0, tokenizer.vocabSize())
                .filter(token -> isPlain(tokenizer.tokenBytes(token)))
                .limit(NUM_TOKENS)
                .boxed()
                .collect(Collectors.toMap(token -> token, token -> ALWAYS));
        if (bias.isEmpty()) {
            throw new TroupeException("no token of the vocabulary is text of letters or digits, which a load asks for");
        }
        return new LoadRequest(bias);
    }

    private static boolean isPlain(byte[] text) {
        return text.length > 0
                && IntStream.range(0, text.length).allMatch(i -> text[i] > 0 && Character.isLetterOrDigit(text[i]));
    }

    /** As a replica takes it. */
    GenerationRequest of(String id, List<Integer> prompt, int numTokens) {
        SamplingParameters greedy = new SamplingParameters(0, 0, 1, 0, 1, 0, 0, bias, 0, -1);
        return new GenerationRequest(id, prompt, numTokens, List.of(), greedy, 0);
    }
}
