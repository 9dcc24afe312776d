package dev.troupe.actors.registry;

import dev.troupe.actors.wire.WireMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** All models and promotions, in order of time. Immutable; a function of the events. */
public record RegistryState(
        List<RegistryEvent.CheckpointRegistered> registrations, List<RegistryEvent.ModelPromoted> promotions)
        implements WireMessage {

    /** Before the first event. */
    static final RegistryState EMPTY = new RegistryState(List.of(), List.of());

    RegistryState with(RegistryEvent event) {
        return switch (event) {
            case RegistryEvent.CheckpointRegistered registered ->
                new RegistryState(appended(registrations, registered), promotions);
            case RegistryEvent.ModelPromoted promoted ->
                new RegistryState(registrations, appended(promotions, promoted));
        };
    }

    /** A version of a model. */
    public Optional<ModelVersion> find(String modelId, String version) {
        return registrations.stream()
                .map(RegistryEvent.CheckpointRegistered::version)
                .filter(it -> it.modelId().equals(modelId) && it.version().equals(version))
                .findFirst();
    }

    /** The version of the latest promotion, of this model or, for an empty id, of any. */
    public Optional<ModelVersion> latestPromoted(String modelId) {
        return promotions.reversed().stream()
                .filter(it -> modelId.isEmpty() || it.modelId().equals(modelId))
                .findFirst()
                .flatMap(it -> find(it.modelId(), it.version()));
    }

    private static <T> List<T> appended(List<T> list, T element) {
        List<T> copy = new ArrayList<>(list);
        copy.add(element);
        return List.copyOf(copy);
    }
}
