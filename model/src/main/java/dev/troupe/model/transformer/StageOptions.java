package dev.troupe.model.transformer;

import dev.troupe.model.parallel.TensorAxis;

/**
 * How a stage computes, beside what.
 *
 * @param axis ranks that compute the other shards of every layer
 * @param recomputeLayers 0 keeps what every block computes until the backward pass; k keeps only the input of every
 *     k-th block, and computes the rest again (arXiv:1604.06174)
 * @param separateTable whether the gradients that a tied token table gets as embedding and as output matrix are kept
 *     apart until the end of the step, so that they are summed in the same order however the model is split
 * @param hooks around the use of parameters
 */
public record StageOptions(TensorAxis axis, int recomputeLayers, boolean separateTable, StageHooks hooks) {
    /** Everything is here, and kept. */
    public static final StageOptions DEFAULT = new StageOptions(TensorAxis.WHOLE, 0, false, StageHooks.NONE);

    /** The same with activations of so many layers computed again. */
    public StageOptions withRecomputeLayers(int layers) {
        return new StageOptions(axis, layers, separateTable, hooks);
    }

    public StageOptions {
        if (recomputeLayers < 0) {
            throw new IllegalArgumentException("recomputeLayers (" + recomputeLayers + ") must not be negative");
        }
    }
}
