package dev.troupe.model.layer;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a linear layer or a norm, or their gradients.
 *
 * @param weight [out, in] of a linear layer, [C] of a norm
 * @param bias [out] or [C], or null for none
 */
public record Affine(Tensor weight, @Nullable Tensor bias) {}
