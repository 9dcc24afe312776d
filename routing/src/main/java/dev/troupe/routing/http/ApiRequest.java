package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Prompt;
import java.util.List;

/**
 * What a body asks for.
 *
 * @param user what the request says of its sender, may be empty
 * @param includeUsage whether a stream ends with a chunk of token counts
 * @param repeated fields of the body that the answer has, too; none in lists of choices
 */
record ApiRequest(
        String model,
        List<Prompt> prompts,
        GenerationSettings settings,
        String user,
        boolean stream,
        boolean includeUsage,
        ObjectNode repeated) {
    /** Whether answers carry their tokens' log-probabilities. */
    boolean tellsTokens() {
        return settings.logProbs() >= 0;
    }
}
