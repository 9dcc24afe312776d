package dev.troupe.actors.serving.split;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.InferenceSettings;
import java.time.Duration;

/**
 * What the members of a replica agree on.
 *
 * @param config of the whole model, as it is served
 * @param maxRows most rows of a step
 * @param numKvBlocks blocks of the cache, which have the same numbers at all members
 * @param patience how long one member may keep another waiting within a step
 */
record MemberSetup(
        ReplicaShape shape,
        ModelConfig config,
        InferenceSettings inference,
        int maxRows,
        int numKvBlocks,
        Duration patience) {}
