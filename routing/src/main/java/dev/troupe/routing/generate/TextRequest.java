package dev.troupe.routing.generate;

import java.time.Duration;
import java.util.List;

/**
 * One request, whatever front it came through.
 *
 * @param id unique on this node; begins the ids of its sequences
 * @param modelId may be empty when only one model is served
 * @param promptField what clients call the prompt, for error messages
 * @param prompts not empty
 * @param client whose request it is, for the queues of replicas
 * @param deadline from now to the end of all answers
 */
public record TextRequest(
        String id,
        String modelId,
        String promptField,
        List<Prompt> prompts,
        GenerationSettings settings,
        String client,
        Duration deadline) {}
