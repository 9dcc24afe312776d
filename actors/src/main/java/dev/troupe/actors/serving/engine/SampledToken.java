package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationEvent.Alternative;
import java.util.List;

/**
 * A drawn token.
 *
 * @param index its number in the answer
 * @param token {@link dev.troupe.model.tokenizer.Tokenizer#NO_TOKEN} when the answer must end here and its vocabulary
 *     has no token for that
 * @param logProb natural log of its probability before temperature and filters; NaN when the request did not ask
 * @param alternatives the most likely tokens, as many as the request asked for
 */
public record SampledToken(int index, int token, double logProb, List<Alternative> alternatives) {}
