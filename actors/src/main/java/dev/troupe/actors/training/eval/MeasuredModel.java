package dev.troupe.actors.training.eval;

import dev.troupe.actors.wire.WireMessage;
import java.util.List;
import java.util.Map;

/**
 * A model that was evaluated.
 *
 * @param path of the model
 * @param parameters of it
 * @param trainedTokens that it has learned from; -1 when its files do not say
 * @param windows of held-out text
 * @param loss mean cross-entropy of these, nats a token
 * @param tokens predicted in them
 * @param scores of tasks by name
 * @param problems of tasks that could not be measured, in words
 * @param seconds that all of it took
 */
public record MeasuredModel(
        String path,
        long parameters,
        long trainedTokens,
        int windows,
        double loss,
        long tokens,
        Map<String, Double> scores,
        List<String> problems,
        double seconds)
        implements WireMessage {
    public MeasuredModel {
        scores = Map.copyOf(scores);
        problems = List.copyOf(problems);
    }
}
