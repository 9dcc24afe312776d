package dev.troupe.model.kernel.norm;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * RMSNorm (arXiv:1910.07467) and LayerNorm (arXiv:1607.06450) over rows of [rows, dim], forward and backward. The
 * backward forms add to dx, dWeight and dBias.
 */
public interface Normalization {
    /** y = x / sqrt(mean(x²) + eps) · weight; {@code rstd} [rows] keeps 1 / sqrt(...) for the backward pass. */
    void rmsForward(int rows, int dim, float eps, Tensor x, Tensor weight, Tensor y, Tensor rstd);

    void rmsBackward(int rows, int dim, Tensor x, Tensor weight, Tensor rstd, Tensor dy, Tensor dx, Tensor dWeight);

    /** y = (x - mean) / sqrt(var + eps) · weight + bias; {@code mean} and {@code rstd} are [rows]. */
    void layerForward(
            int rows,
            int dim,
            float eps,
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Tensor y,
            Tensor mean,
            Tensor rstd);

    void layerBackward(
            int rows,
            int dim,
            Tensor x,
            Tensor weight,
            Tensor mean,
            Tensor rstd,
            Tensor dy,
            Tensor dx,
            Tensor dWeight,
            @Nullable Tensor dBias);
}
