package dev.troupe.actors.serving;

import java.util.List;
import java.util.Map;

/** Requests for tests. */
public final class Requests {
    public static final SamplingParameters GREEDY = sampling(0, 0, -1);

    private Requests() {}

    public static SamplingParameters sampling(double temperature, long seed, int logProbs) {
        return new SamplingParameters(temperature, 0, 1, 0, 1, 0, 0, Map.of(), seed, logProbs);
    }

    public static GenerationRequest greedy(String id, List<Integer> prompt, int maxTokens) {
        return new GenerationRequest(id, prompt, maxTokens, List.of(), GREEDY, 0);
    }
}
