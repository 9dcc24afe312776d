package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.SamplingParameters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A request for the most likely tokens, the same at every level.
 *
 * @param bias keeps the model's end tokens from ending answers, so that all have the same length
 */
record LoadRequest(Map<Integer, Double> bias) {
    private static final double NEVER = -100; // the strongest bias that the API takes

    LoadRequest {
        bias = Map.copyOf(bias);
    }

    /** No token ends an answer. */
    static LoadRequest without(Iterable<Integer> endTokens) {
        Map<Integer, Double> bias = new LinkedHashMap<>();
        endTokens.forEach(token -> bias.put(token, NEVER));
        return new LoadRequest(bias);
    }

    /** As a replica takes it. */
    GenerationRequest of(String id, List<Integer> prompt, int numTokens) {
        SamplingParameters greedy = new SamplingParameters(0, 0, 1, 0, 1, 0, 0, bias, 0, -1);
        return new GenerationRequest(id, prompt, numTokens, List.of(), greedy, 0);
    }
}
