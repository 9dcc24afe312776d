package dev.troupe.routing.generate;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import dev.troupe.actors.serving.ModelDescription;
import java.util.List;

/**
 * A request for vectors that was found in order and can be run.
 *
 * @param promptTokens of all inputs
 * @param vectors one for each input, as they come; running it starts the work, cancelling it ends the work, and it
 *     fails with a {@link dev.troupe.routing.route.RequestFailure}
 */
public record Embeddings(ModelDescription model, int numInputs, int promptTokens, Source<Vector, NotUsed> vectors) {
    /**
     * The vector of one input.
     *
     * @param index of the input
     * @param values of length 1 together
     */
    public record Vector(int index, List<Float> values) {}
}
