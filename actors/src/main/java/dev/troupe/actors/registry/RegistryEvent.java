package dev.troupe.actors.registry;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.wire.WireMessage;

/** What happened to models; stored for ever, so fields may be added but never change their meaning. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
    @JsonSubTypes.Type(RegistryEvent.CheckpointRegistered.class),
    @JsonSubTypes.Type(RegistryEvent.ModelPromoted.class)
})
public sealed interface RegistryEvent extends WireMessage {
    /** A checkpoint became known as a version of a model. */
    record CheckpointRegistered(ModelVersion version, long epochMillis) implements RegistryEvent {}

    /** A version became the one that serves. */
    record ModelPromoted(String modelId, String version, String reason, long epochMillis) implements RegistryEvent {}
}
