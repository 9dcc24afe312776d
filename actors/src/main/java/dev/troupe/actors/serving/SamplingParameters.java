package dev.troupe.actors.serving;

import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.grammar.AnswerForm;
import java.util.List;
import java.util.Map;

/**
 * How tokens of an answer are drawn.
 *
 * @param temperature 0 takes the most likely token
 * @param topK 0 for no limit
 * @param topP 1 for no limit
 * @param minP 0 for no limit
 * @param seed of this request's random numbers
 * @param logProbs how many alternatives to report with each token; -1 for none, 0 for the token's own only
 * @param forms one of which the answer has, unless it ends by its length; none for any text
 */
public record SamplingParameters(
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        double presencePenalty,
        double frequencyPenalty,
        Map<Integer, Double> logitBias,
        long seed,
        int logProbs,
        List<AnswerForm> forms)
        implements WireMessage {

    /** Answers of any text. */
    public SamplingParameters(
            double temperature,
            int topK,
            double topP,
            double minP,
            double repetitionPenalty,
            double presencePenalty,
            double frequencyPenalty,
            Map<Integer, Double> logitBias,
            long seed,
            int logProbs) {
        this(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed,
                logProbs,
                List.of());
    }
}
