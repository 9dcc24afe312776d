package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;

/**
 * Inverted dropout (Srivastava et al., JMLR 2014) at one place of the model. The mask is a function of the pass's seed,
 * this place's stream and the element, so nothing is kept for the backward pass.
 *
 * @param stream tells places apart: equal for the same place however the model is split into stages
 */
record Dropout(Kernels kernels, float rate, long stream) {
    boolean active(Pass pass) {
        return pass.dropout() && rate > 0;
    }

    /** Drops in x [R, C]: activations forward, their gradient backward. */
    void apply(Pass pass, long elements, Tensor x) {
        kernels.elementwise().dropout(elements, rate, pass.dropoutSeed(), stream, x);
    }
}
