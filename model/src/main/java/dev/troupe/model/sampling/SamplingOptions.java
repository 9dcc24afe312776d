package dev.troupe.model.sampling;

import java.util.Map;

/**
 * How the next token is chosen. Applied in this order: logit bias, penalties, temperature, min-p, top-k, top-p; each of
 * the last three renormalises what the ones before left.
 *
 * @param temperature divides the logits; 0 takes the most probable token
 * @param topK keeps the K most probable tokens; 0 for all
 * @param topP keeps the smallest set of most probable tokens whose probability reaches P; 1 for all (arXiv:1904.09751)
 * @param minP keeps tokens at least this fraction as probable as the best one; 0 for all (arXiv:2407.01082)
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens seen in prompt or answer; 1 for
 *     none (arXiv:1909.05858)
 * @param presencePenalty subtracted once from the logit of each token in the answer so far
 * @param frequencyPenalty subtracted from a token's logit as often as the answer has it
 * @param logitBias added to the logits of these tokens
 * @param seed of the random numbers; equal seeds give equal answers
 */
public record SamplingOptions(
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        double presencePenalty,
        double frequencyPenalty,
        Map<Integer, Double> logitBias,
        long seed) {

    public SamplingOptions {
        require(temperature >= 0 && Double.isFinite(temperature), "temperature", temperature, "at least 0");
        require(topK >= 0, "topK", topK, "at least 0");
        require(topP > 0 && topP <= 1, "topP", topP, "in (0, 1]");
        require(minP >= 0 && minP <= 1, "minP", minP, "in [0, 1]");
        require(
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "repetitionPenalty",
                repetitionPenalty,
                "positive");
        require(Double.isFinite(presencePenalty), "presencePenalty", presencePenalty, "finite");
        require(Double.isFinite(frequencyPenalty), "frequencyPenalty", frequencyPenalty, "finite");
        logitBias = Map.copyOf(logitBias);
    }

    /** The most probable token each time, without penalties. */
    public static SamplingOptions greedy() {
        return new SamplingOptions(0, 0, 1, 0, 1, 0, 0, Map.of(), 0);
    }

    /** Plain sampling from the model's distribution at a temperature. */
    public static SamplingOptions atTemperature(double temperature, long seed) {
        return new SamplingOptions(temperature, 0, 1, 0, 1, 0, 0, Map.of(), seed);
    }

    private static void require(boolean valid, String name, Number value, String range) {
        if (!valid) {
            throw new IllegalArgumentException(name + " (" + value + ") must be " + range);
        }
    }
}
