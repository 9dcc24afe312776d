package dev.troupe.routing.http;

import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Prompt;
import java.util.List;

/**
 * What a body of either endpoint asks for.
 *
 * @param includeUsage whether a stream ends with a chunk of token counts
 */
record ApiRequest(
        String model, List<Prompt> prompts, GenerationSettings settings, boolean stream, boolean includeUsage) {}
