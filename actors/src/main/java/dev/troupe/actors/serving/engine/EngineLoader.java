package dev.troupe.actors.serving.engine;

/** Loads a model; called on a thread that may block, again after each restart of a replica. */
@FunctionalInterface
public interface EngineLoader {
    /**
     * Loads weights and allocates the cache.
     *
     * @throws dev.troupe.model.TroupeException when the model cannot be served, and trying again would not help
     */
    Engine load();
}
