package dev.troupe.model.kernel.gemm;

import dev.troupe.model.tensor.Tensor;

/**
 * A right-hand matrix [k, n] laid out once as its provider's kernel reads it.
 *
 * @param data the provider's own layout
 */
public record PackedMatrix(int k, int n, Tensor data) {}
