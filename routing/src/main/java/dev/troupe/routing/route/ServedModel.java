package dev.troupe.routing.route;

import dev.troupe.actors.serving.ModelDescription;

/** One model version that is served now, by how many replicas. */
public record ServedModel(ModelDescription description, int numReplicas) {
    /** What its replicas have in common. */
    public ModelKey key() {
        return ModelKey.of(description);
    }
}
