package dev.troupe.actors.serving.split;

import dev.troupe.actors.serving.engine.ServingMemory;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.WeightMemory;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

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
        Duration patience) {
    /** Bytes of a block of the cache in these parts together. */
    static long blockBytes(List<ModelPart> parts, StorageType type) {
        return parts.stream().mapToLong(part -> part.cacheBlockBytes(type)).sum();
    }

    /** Bytes of a step's rows in these parts together, of which some have logits. */
    static long rowBytes(List<ModelPart> parts, int maxRows, int withLogits) {
        return parts.stream()
                .mapToLong(part -> part.rowBytes(maxRows, withLogits))
                .sum();
    }

    /**
     * Compares what members of one node need with what there is.
     *
     * @param stored the type that a weight of this name is stored in
     * @param precision of the kernels
     * @throws dev.troupe.model.TroupeException when they need more
     */
    void requireMemory(
            ServingMemory memory, List<Integer> members, Function<String, StorageType> stored, Precision precision) {
        List<ModelPart> parts = shape.parts(config, members);
        memory.require(
                WeightMemory.bytes(parts, stored, inference, precision),
                numKvBlocks * blockBytes(parts, inference.cache()) + rowBytes(parts, maxRows, 0),
                "its part of the model, "
                        + parts.stream().map(ModelPart::toString).collect(Collectors.joining(" and ")) + ",");
    }
}
