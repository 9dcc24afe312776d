package dev.troupe.actors.registry;

import dev.troupe.actors.wire.WireMessage;

/**
 * A model that could serve.
 *
 * @param modelId the name that users ask for
 * @param version identity of the weights, unique under {@code modelId}
 * @param directory that {@link dev.troupe.model} loads: config.json, model.safetensors, tokenizer.json
 * @param chatTemplate name of the template that turns messages into a prompt
 */
public record ModelVersion(String modelId, String version, String directory, String chatTemplate, Lineage lineage)
        implements WireMessage {}
