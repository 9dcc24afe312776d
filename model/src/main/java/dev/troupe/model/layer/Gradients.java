package dev.troupe.model.layer;

import org.jspecify.annotations.Nullable;

/** The check that a layer which is asked for gradients was given a place to add them to. */
final class Gradients {
    private Gradients() {}

    static <T> T required(@Nullable T gradients) {
        if (gradients == null) {
            throw new IllegalStateException("this layer was built for evaluation, without gradients");
        }
        return gradients;
    }
}
