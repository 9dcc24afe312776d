package dev.troupe.routing.route;

import dev.troupe.actors.serving.ModelDescription;

/**
 * Replicas with the same key give the same bits, so one may continue the other's answer: they have the same weights,
 * computed in the same way, and the same room for them.
 */
public record ModelKey(String modelId, String version, String arithmetic, int contextLength) {
    /** The key of a described model. */
    public static ModelKey of(ModelDescription model) {
        return new ModelKey(model.modelId(), model.version(), model.arithmetic(), model.contextLength());
    }
}
