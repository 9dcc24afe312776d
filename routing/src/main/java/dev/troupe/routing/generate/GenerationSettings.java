package dev.troupe.routing.generate;

import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.routing.route.RequestFailure;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How much to generate and how tokens are drawn, as asked for; ranges are those of OpenAI's API. What is empty of
 * temperature, top-k, top-p, min-p and repetition penalty is as the model's makers recommend.
 *
 * @param maxTokens of each answer; empty for the default
 * @param logitBias added to the logits of token ids
 * @param seed empty to draw one; choice i uses seed + i
 * @param stop texts that end an answer
 * @param stopTokens ids that end an answer, beside those of the model
 * @param logProbs alternatives to report with each token; -1 for no log-probabilities at all
 * @param choices answers to each prompt
 * @param echo whether answers begin with their prompt
 * @param jsonSchema that answers are valid by, unless they end by their length; "" for none
 */
public record GenerationSettings(
        OptionalInt maxTokens,
        OptionalDouble temperature,
        OptionalInt topK,
        OptionalDouble topP,
        OptionalDouble minP,
        OptionalDouble repetitionPenalty,
        double presencePenalty,
        double frequencyPenalty,
        Map<Integer, Double> logitBias,
        OptionalLong seed,
        List<String> stop,
        List<Integer> stopTokens,
        int logProbs,
        int choices,
        boolean echo,
        String jsonSchema) {

    /** Most stop strings, and the longest one in UTF-16 units: each piece of text is compared to all of them. */
    public static final int MAX_STOPS = 16;

    public static final int MAX_STOP_LENGTH = 500;
    /** Most alternatives with each token. */
    public static final int MAX_LOG_PROBS = 20;

    private static final int MAX_BIASES = 1024;

    /** The form of answers, unless they are calls of tools; none for any text. */
    List<AnswerForm> forms() {
        return jsonSchema.isEmpty() ? List.of() : List.of(AnswerForm.json(jsonSchema));
    }

    /** Whether log-probabilities of the prompt are asked for. */
    public boolean scoresPrompt() {
        return echo && logProbs >= 0;
    }

    /** @throws RequestFailure that names the field when a value is out of range */
    public GenerationSettings {
        if (maxTokens.isPresent()) {
            // A prompt may be echoed, and scored, for its own sake.
            require("max_tokens", maxTokens.getAsInt(), echo ? 0 : 1, Integer.MAX_VALUE);
        }
        temperature.ifPresent(value -> require("temperature", value, 0, 2));
        topK.ifPresent(value -> require("top_k", value, 0, Integer.MAX_VALUE));
        topP.ifPresent(value -> require("top_p", value, 0, 1));
        minP.ifPresent(value -> require("min_p", value, 0, 1));
        repetitionPenalty.ifPresent(value -> require("repetition_penalty", value, 0.01, 100));
        require("presence_penalty", presencePenalty, -2, 2);
        require("frequency_penalty", frequencyPenalty, -2, 2);
        logitBias.forEach((token, bias) -> require("logit_bias", bias, -100, 100));
        require("logprobs", logProbs, -1, MAX_LOG_PROBS);
        require("n", choices, 1, Integer.MAX_VALUE);
        if (logitBias.size() > MAX_BIASES) {
            throw invalid("logit_bias", "may name at most " + MAX_BIASES + " tokens, not " + logitBias.size());
        }
        if (stop.size() > MAX_STOPS) {
            throw invalid("stop", "may have at most " + MAX_STOPS + " entries, not " + stop.size());
        }
        for (String text : stop) {
            if (text.isEmpty() || text.length() > MAX_STOP_LENGTH) {
                throw invalid("stop", "must hold texts of 1 to " + MAX_STOP_LENGTH + " characters");
            }
        }
        if (stopTokens.size() > MAX_STOPS) {
            throw invalid("stop_token_ids", "may have at most " + MAX_STOPS + " entries, not " + stopTokens.size());
        }
        if (!stopTokens.isEmpty() && !jsonSchema.isEmpty()) {
            throw invalid("stop_token_ids", "cannot be combined with a JSON answer");
        }
        if (echo && !jsonSchema.isEmpty()) {
            throw invalid("echo", "cannot be combined with a JSON answer");
        }
        logitBias = Map.copyOf(logitBias);
        stop = List.copyOf(stop);
        stopTokens = List.copyOf(stopTokens);
    }

    private static void require(String field, double value, double min, double max) {
        if (!(value >= min && value <= max)) {
            String range = max == Integer.MAX_VALUE
                    ? "at least " + number(min)
                    : "between " + number(min) + " and " + number(max);
            throw invalid(field, "must be " + range + ", not " + number(value));
        }
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    private static RequestFailure invalid(String field, String problem) {
        return new RequestFailure(RequestFailure.Kind.INVALID, "'" + field + "' " + problem + ".", field);
    }
}
