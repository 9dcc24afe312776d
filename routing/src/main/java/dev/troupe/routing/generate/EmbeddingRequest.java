package dev.troupe.routing.generate;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/**
 * A request for vectors, whatever front it came through.
 *
 * @param id unique on this node; begins the ids of its sequences
 * @param modelId may be empty when only one model is served
 * @param inputField what clients call the inputs, for error messages
 * @param inputs not empty; texts and tokens
 * @param dimensions first numbers of each vector that are wanted, scaled to length 1 again; empty for all
 * @param client whose request it is, for the queues of replicas
 * @param deadline from when it is prepared to the last vector
 */
public record EmbeddingRequest(
        String id,
        String modelId,
        String inputField,
        List<Prompt> inputs,
        OptionalInt dimensions,
        String client,
        Duration deadline) {}
