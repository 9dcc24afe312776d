package dev.troupe.routing.route;

import dev.troupe.actors.serving.ModelDescription;

/** Replicas with the same key have the same weights and tokenizer, so one may continue the other's answer. */
public record ModelKey(String modelId, String version) {
    /** The key of a described model. */
    public static ModelKey of(ModelDescription model) {
        return new ModelKey(model.modelId(), model.version());
    }
}
