package dev.troupe.model.transformer;

import dev.troupe.model.tensor.LateLayout;

/** Takes layouts that are to be filled once a model answers. */
@FunctionalInterface
public interface LateFiller {
    /**
     * Takes a layout.
     *
     * @param filled called when it is, by who fills it
     */
    void add(LateLayout layout, Runnable filled);
}
