package dev.troupe.routing.stream;

import dev.troupe.actors.serving.GenerationEvent.Alternative;
import java.util.List;

/**
 * A token of the answer, or of the prompt before it, with its log-probability.
 *
 * @param logProb NaN for the first token of a prompt, which follows nothing
 * @param textOffset in UTF-16 units from the beginning of the answer
 * @param alternatives the most likely tokens of this place, as many as were asked for
 */
public record ScoredToken(int token, double logProb, int textOffset, List<Alternative> alternatives) {}
