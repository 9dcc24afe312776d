package dev.troupe.routing.http;

import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Prompt;
import java.util.List;

/**
 * What a body of either endpoint asks for.
 *
 * @param user what the request says of its sender, may be empty
 * @param includeUsage whether a stream ends with a chunk of token counts
 */
record ApiRequest(
        String model,
        List<Prompt> prompts,
        GenerationSettings settings,
        String user,
        boolean stream,
        boolean includeUsage) {}
